"""Floor 8: demonstrations, each a short program on the public interface that says what to notice and leaves its pictures."""
