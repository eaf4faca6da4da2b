"""What an officer does to a case: each in one transaction, with its line in the audit trail."""
