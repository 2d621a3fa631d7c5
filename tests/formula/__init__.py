"""Tests of the formula language; a package, so that its helpers can be imported."""
