"""Embedded services: all that the pipeline needs around it, out of wheels, on one machine.

PostgreSQL, the drop zone and the mail catcher start and stop with the command that needs
them, and keep everything under the home. A company that has such servers names them in the
environment instead, and none of these is started.
"""
