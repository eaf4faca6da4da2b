"""The process around it all: settings, store, journal, pipeline, HTTP, command line."""
