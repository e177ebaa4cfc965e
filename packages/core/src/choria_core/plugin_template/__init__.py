"""The first version of a plugin that somebody is about to write.

``files`` has what each kind of plugin consists of: ``common``, and a folder for each kind.  The
name of a file ends in ``.template``; words such as ``@name@`` in it, and in its path, are
exchanged for those of the plugin.
"""
