"""What the server learns: from which patients, to which candidate, with which verdict of the gate."""
