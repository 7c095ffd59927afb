"""When it will be busy and when quiet (F1, B5). Pure: quarter hours in, expectations out.

Two forecasts are kept of a camera (``means``), both from sums that a day is added to
(``knowledge``, ``learning``). Both are scored each night on what then happened (``scores``), and
the plain one stands when in doubt. What is ``expected`` has a ``band``, and today a ``correction``.
"""
