"""From a proposal to a layout that holds its limits: places and colours."""
