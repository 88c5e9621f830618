// Keeps test_helpers a library while no helper has a source of its own.
