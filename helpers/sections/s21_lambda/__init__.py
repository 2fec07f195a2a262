"""Section 21: AWS Lambda, invocation, event sources, scaling, access, packaging, release."""
