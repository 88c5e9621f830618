"""The mailslots of winsys where winsys is absent: mailslot.ipc and its companions under the names that they had there."""
