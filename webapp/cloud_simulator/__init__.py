"""The simulator of a camera cloud: a second system, with owners, cameras and switches.

It keeps the contract of ``docs/camera-cloud.md`` and shares nothing with the app (checked by
``make imports``): what the app knows of it, it hears over HTTP.
"""
