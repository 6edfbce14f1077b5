"""Deciding and carrying out: the loop, the journal, the lock."""
