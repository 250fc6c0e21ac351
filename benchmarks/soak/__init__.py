"""One very long story on the real screen: what memory and time do."""
