"""The subcommands of ``optframe``, one file each."""
