"""Floor 7: pictures, tables and reports. They read what a fit or a run has stored, and may ask a model to predict."""
