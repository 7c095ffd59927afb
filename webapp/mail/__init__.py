"""Mails: one folder of templates an event, sent through an outbox."""
