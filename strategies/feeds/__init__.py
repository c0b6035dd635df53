"""Feeds: one provider each, input only, no taxes and no fees."""
