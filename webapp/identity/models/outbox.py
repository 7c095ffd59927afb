"""What must leave the house: mails, and words to applications that somebody signed out."""

from webapp.outbox_row import OutboxRow


class Outbox(OutboxRow):
    """Something to do outside the provider's database."""

    class Meta:
        table = "identity_outbox"
        indexes = (("done_at", "due_at"),)
