"""The demo programme: three months of a made-up lubricant brand, the same on every run."""
