"""The editor's language server: what an editor asks of a `.mig` file, answered by pure functions behind one wire."""
