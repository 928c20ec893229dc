"""What of a foreign assessment counts here: agreements between jurisdictions, what fits, what is still to be shown."""
