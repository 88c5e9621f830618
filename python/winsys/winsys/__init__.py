"""The mailslots of winsys for systems without winsys: mailslot.ipc and its companions under their names in winsys."""
