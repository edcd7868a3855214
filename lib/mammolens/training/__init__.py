"""Learn normality from normal mammograms; one engine for the command line and the server."""
