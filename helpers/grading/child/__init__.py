"""The student's side: what runs in the sandbox. Nothing here knows a seed, a need, or what would be right."""
