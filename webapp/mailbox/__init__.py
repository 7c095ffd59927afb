"""The demo's mails as pages: what a mail server would have taken away."""
