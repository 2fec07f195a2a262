"""The numbers of CloudTrail.

Pages: GUIDE/WhatIsCloudTrail-Limits.html, API/API_LookupEvents.html, API/API_PutEventSelectors.html
"""

from __future__ import annotations

HISTORY_DAYS = 90
"""How long the event history holds an event."""
MOST_ON_A_PAGE = 50
LOOKUPS_A_SECOND = 2
"""Calls of LookupEvents, per account and Region."""
MOST_TRAILS = 5
"""Trails per Region; a multi-Region trail counts in each."""
MOST_SELECTORS = 5
"""Basic event selectors of a trail."""
REDELIVERY_DAYS = 30
"""How long CloudTrail tries to deliver a log file (GUIDE/create-s3-bucket-policy-for-cloudtrail.html)."""
DAY_US = 86_400_000_000
