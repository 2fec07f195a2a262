"""Section 17: metrics, alarms, logs, events, traces and audit with CloudWatch, EventBridge, X-Ray and CloudTrail."""
