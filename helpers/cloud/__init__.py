"""A mocked AWS account on a virtual clock: isolation, clock, actors, trail, safety, speed.

Importing this package seals the process for its life: no AWS call leaves the machine from then on.
"""

from helpers.cloud import clock, seal

seal.install()  # before anything imports boto3 or makes a client

from helpers.cloud import threads, transport
from helpers.cloud.mock import absent, deliveries, entropy, ids, loading, routes, shortcuts, state, waits

state.install()
ids.install()
loading.install()
shortcuts.install()
routes.install()
absent.install()
transport.install()
deliveries.install()
waits.install()
entropy.install(transport.entropy_at_work)
clock.install()
threads.install()

from helpers.cloud.account import Account, StillRunning, Timer
from helpers.cloud.actor import Actor, ActorDropped
from helpers.cloud.call import Call, NotMocked, OneSentence, SealedError, ServiceError, Stopped
from helpers.cloud.dataplane import DataPlane
from helpers.cloud.signal import Signal
from helpers.cloud.transport import current

__all__ = [
    "Account",
    "Actor",
    "ActorDropped",
    "Call",
    "DataPlane",
    "NotMocked",
    "OneSentence",
    "SealedError",
    "ServiceError",
    "Signal",
    "StillRunning",
    "Stopped",
    "Timer",
    "current",
    "ids",
]
