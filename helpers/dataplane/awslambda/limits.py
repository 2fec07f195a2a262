"""The numbers of Lambda, each with the page that gives it.

DG is https://docs.aws.amazon.com/lambda/latest/dg/, API is https://docs.aws.amazon.com/lambda/latest/api/. Lambda
writes MB for 1,024 KB (DG/gettingstarted-limits.html).
"""

from __future__ import annotations

SECOND_US = 1_000_000
MILLISECOND_US = 1_000
KB = 1_024
MB = 1_024 * KB

# The configuration of a function, DG/gettingstarted-limits.html
TIMEOUT_S = (1, 900)
MEMORY_MB = (128, 10_240)
EPHEMERAL_MB = (512, 10_240)
ENVIRONMENT_BYTES = 4 * KB
LAYERS = 5
ZIPPED_BYTES = 50 * MB  # uploaded through the API; larger ones come by way of S3
UNZIPPED_BYTES = 250 * MB  # with its layers
STORAGE_BYTES = 300 * 1_024 * MB  # of all versions and layers in a Region

DEFAULT_TIMEOUT_S = 3  # API/API_CreateFunction.html
DEFAULT_MEMORY_MB = 128
DEFAULT_EPHEMERAL_MB = 512

MEMORY_OF_A_VCPU_MB = 1_769  # DG/configuration-memory.html: CPU in proportion to memory

# An invocation, DG/gettingstarted-limits.html
SYNCHRONOUS_BYTES = 6 * MB
ASYNCHRONOUS_BYTES = 1 * MB
RESPONSE_BYTES = 6_291_556  # the limit that the error Function.ResponseSizeTooLarge names
LOG_RESULT_BYTES = 4 * KB  # API/API_Invoke.html, LogResult

# An execution environment, DG/lambda-runtime-environment.html
INIT_S = 10
PROVISIONED_INIT_S = 130  # or the function's timeout, if that is longer

# Concurrency
UNRESERVED_MINIMUM = 100  # DG/configuration-concurrency.html
REQUESTS_PER_CONCURRENCY = 10  # requests a second for each unit of concurrency, DG/lambda-concurrency.html
SCALING_ENVIRONMENTS = 1_000  # that a function gains in 10 s, refilled all the time, DG/scaling-behavior.html
SCALING_S = 10
PROVISIONED_PER_MINUTE = 6_000  # environments that are allocated in a minute, DG/lambda-concurrency.html

# Asynchronous invocation, DG/invocation-async-error-handling.html
RETRY_ATTEMPTS = (0, 2)
EVENT_AGE_S = (60, 21_600)

# Event source mappings, API/API_CreateEventSourceMapping.html
BATCH_SIZE = (1, 10_000)
BATCH_WINDOW_S = (0, 300)
