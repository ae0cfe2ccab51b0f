"""HOTA, CLEAR and Identity of tracks, as TrackEval has them."""
