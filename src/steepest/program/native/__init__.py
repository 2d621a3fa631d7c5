"""Machine code for programs, written as LLVM's intermediate language and compiled by llvmlite."""
