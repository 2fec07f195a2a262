"""The client of a cluster, and how the cluster serves each call.

AWS: GUIDE/DAX.concepts.html#DAX.concepts.request-processing, GUIDE/DAX.consistency.html. boto3 has no client for DAX
(AWS offers one of its own, with the same methods), so a `Dax` is the client and its cluster in one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

from botocore import xform_name
from botocore.exceptions import ClientError

from helpers.cloud.trail import copied
from helpers.dataplane.dynamodb.dax.cache import Cache, Reply, frozen
from helpers.dataplane.dynamodb.dax.cluster import Cluster
from helpers.dataplane.dynamodb.dax.items import ItemCache, projects
from helpers.dataplane.dynamodb.limits import DAX_TTL_S, SECOND_US
from helpers.dataplane.dynamodb.size import Item
from helpers.dataplane.dynamodb.tables import TableState

if TYPE_CHECKING:
    from helpers.dataplane import Cloud

Parameters = dict[str, Any]


class _Served(NamedTuple):
    """A reply, and how it came about: "hit", "miss" or "through" (past the cache)."""

    reply: Reply
    cache: str


class Dax:
    """A DAX cluster, with those methods of boto3's DynamoDB client that read and write items.

    - `item_ttl_s`: how long the item cache (GetItem, BatchGetItem) keeps an item; at 0 until it is evicted or written
      through DAX. AWS's default is 5 minutes.
    - `query_ttl_s`: how long the query cache (Query, Scan) keeps a page; at 0 not at all. AWS's default is 5 minutes.
    - `nodes`: 1 to 11. Requests take turns among them.
    - `name`: the cluster's, by which CloudWatch counts hits and misses.

    Labelled assumptions:

    - `latency_s`: what a request to the cluster takes (AWS: microseconds for a hit).
    - `node_lag_s`: how long after the primary node the others hear of a change (AWS: usually less than a second).
    - `capacity`: replies for which each cache has room, None for any number (AWS: as many as fit a node's memory).

    Each request leaves a row in the trail, of service "dax" and by its caller; `Cache` in its response is "hit", "miss"
    or "through" (past the cache). What DAX asks of DynamoDB stands there under the actor "dax". Errors are DynamoDB's.
    """

    def __init__(
        self,
        cloud: Cloud,
        *,
        item_ttl_s: float = DAX_TTL_S,
        query_ttl_s: float = DAX_TTL_S,
        nodes: int = 3,
        name: str = "dax",
        latency_s: float = 0.0005,
        node_lag_s: float = 0.0,
        capacity: int | None = None,
        region: str | None = None,
    ) -> None:
        plane = cloud.plane("dynamodb")
        self._cloud = cloud
        self._region = region or cloud.region
        self._client = cloud.client("dynamodb", region_name=self._region)
        self._tables, self._stored = plane.tables, plane.items
        self._cluster = Cluster(cloud, name, nodes, node_lag_s)
        self._items = ItemCache(self._cluster, round(item_ttl_s * SECOND_US) or None, capacity)
        self._pages = Cache(self._cluster, round(query_ttl_s * SECOND_US), capacity)
        self._keeps_pages = query_ttl_s > 0
        self._latency_s = latency_s
        self.exceptions = self._client.exceptions

    def get_item(self, **parameters: Any) -> Reply:
        """As boto3's `get_item`. That an item is absent is cached, too."""
        return self._serve("GetItem", parameters, self._get_item)

    def batch_get_item(self, **parameters: Any) -> Reply:
        """As boto3's `batch_get_item`: every item by itself from the cache, the others in one call."""
        return self._serve("BatchGetItem", parameters, self._batch_get_item)

    def query(self, **parameters: Any) -> Reply:
        """As boto3's `query`. The page is cached under all parameters of the call."""
        return self._serve("Query", parameters, lambda given: self._page("Query", given))

    def scan(self, **parameters: Any) -> Reply:
        """As boto3's `scan`. The page is cached under all parameters of the call."""
        return self._serve("Scan", parameters, lambda given: self._page("Scan", given))

    def put_item(self, **parameters: Any) -> Reply:
        """As boto3's `put_item`; then the item is cached."""
        return self._serve("PutItem", parameters, self._put_item)

    def update_item(self, **parameters: Any) -> Reply:
        """As boto3's `update_item`; then the item is cached as it is now."""
        return self._serve("UpdateItem", parameters, self._update_item)

    def delete_item(self, **parameters: Any) -> Reply:
        """As boto3's `delete_item`; then it is cached that the item is absent."""
        return self._serve("DeleteItem", parameters, self._delete_item)

    def batch_write_item(self, **parameters: Any) -> Reply:
        """As boto3's `batch_write_item`; then what was written is cached."""
        return self._serve("BatchWriteItem", parameters, self._batch_write_item)

    def transact_get_items(self, **parameters: Any) -> Reply:
        """As boto3's `transact_get_items`, past the cache."""
        return self._serve(
            "TransactGetItems", parameters, lambda given: self._past("TransactGetItems", given)
        )

    def transact_write_items(self, **parameters: Any) -> Reply:
        """As boto3's `transact_write_items`. DAX then reads the items in the background, each in a transaction."""
        return self._serve("TransactWriteItems", parameters, self._transact_write_items)

    def _serve(self, operation: str, parameters: Parameters, serve: Callable[[Parameters], _Served]) -> Reply:
        """Take a request to the cluster, and leave its row."""
        began_us, given = self._cloud.now_us, copied(parameters)
        self._cloud.sleep(self._latency_s)
        self._cluster.next_request()
        try:
            reply, cache = serve(given)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            self._cloud.record("dax", operation, given, None, code, began_us=began_us, asked=True)
            raise
        self._cloud.record("dax", operation, given, reply | {"Cache": cache}, began_us=began_us, asked=True)
        answer: Reply = copied(reply)
        return answer

    def _past(self, operation: str, parameters: Parameters) -> _Served:
        return _Served(self._ask(operation, parameters), "through")

    def _ask(self, operation: str, parameters: Parameters) -> Reply:
        with self._cloud.acting_as("dax"):
            reply: Reply = getattr(self._client, xform_name(operation))(**parameters)
        del reply["ResponseMetadata"]
        return reply

    # Reading

    def _get_item(self, parameters: Parameters) -> _Served:
        state = self._find(parameters)
        if state is None or parameters.get("ConsistentRead"):
            return self._past("GetItem", parameters)
        known = self._items.get(state, parameters["Key"], parameters)
        if known is not None:
            return _Served(_without_units(known, parameters), "hit")
        reply = self._ask("GetItem", parameters)
        self._items.keep(state, parameters["Key"], reply.get("Item"), parameters)
        return _Served(reply, "miss")

    def _batch_get_item(self, parameters: Parameters) -> _Served:
        found: dict[str, list[Item]] = {}
        missing: dict[str, Parameters] = {}
        for name, request in parameters["RequestItems"].items():
            found[name], unknown = self._known(name, request)
            if unknown:
                missing[name] = request | {"Keys": unknown}
        if not missing:
            return _Served({"Responses": found, "UnprocessedKeys": {}}, "hit")
        reply = self._ask("BatchGetItem", parameters | {"RequestItems": missing})
        for name, request in missing.items():
            self._keep_batch(name, request, reply)
            found[name] += reply["Responses"].get(name, ())
        return _Served(reply | {"Responses": found}, "miss")

    def _known(self, name: str, request: Parameters) -> tuple[list[Item], list[Item]]:
        """The items of a BatchGetItem that are cached, and the keys of those that may be elsewhere."""
        state = self._find({"TableName": name})
        if state is None or request.get("ConsistentRead"):
            return [], request["Keys"]
        replies = [(key, self._items.get(state, key, request)) for key in request["Keys"]]
        known = [reply["Item"] for _, reply in replies if reply]
        return known, [key for key, reply in replies if reply is None]

    def _keep_batch(self, name: str, request: Parameters, reply: Reply) -> None:
        """Cache what a BatchGetItem found and did not find; not projected items, which may lack their key."""
        state = self._find({"TableName": name})
        if state is None or request.get("ConsistentRead") or projects(request):
            return
        key_id = state.table.key_id
        fetched = {key_id(item): item for item in reply["Responses"].get(name, ())}
        left = {key_id(key) for key in reply.get("UnprocessedKeys", {}).get(name, {}).get("Keys", ())}
        for key in request["Keys"]:
            if key_id(key) not in left:
                self._items.keep(state, key, fetched.get(key_id(key)), request)

    def _page(self, operation: str, parameters: Parameters) -> _Served:
        state = self._find(parameters)
        if state is None or parameters.get("ConsistentRead") or not self._keeps_pages:
            return self._past(operation, parameters)
        asked = {name: value for name, value in parameters.items() if name != "ReturnConsumedCapacity"}
        key = (state, operation, frozen(asked))
        known = self._pages.get(key)
        self._cluster.count(f"{operation}CacheMisses" if known is None else f"{operation}CacheHits")
        if known is not None:
            return _Served(_without_units(known, parameters), "hit")
        reply = self._ask(operation, parameters)
        self._pages.put(
            key, copied({name: part for name, part in reply.items() if name != "ConsumedCapacity"})
        )
        return _Served(reply, "miss")

    # Writing through

    def _put_item(self, parameters: Parameters) -> _Served:
        served = self._past("PutItem", parameters)
        self._items.written(self._table(parameters), parameters["Item"], parameters["Item"])
        return served

    def _update_item(self, parameters: Parameters) -> _Served:
        served = self._past("UpdateItem", parameters)
        state, key = self._table(parameters), parameters["Key"]
        self._items.written(state, key, self._stored.get(state, key))
        return served

    def _delete_item(self, parameters: Parameters) -> _Served:
        served = self._past("DeleteItem", parameters)
        self._items.written(self._table(parameters), parameters["Key"], None)
        return served

    def _batch_write_item(self, parameters: Parameters) -> _Served:
        served = self._past("BatchWriteItem", parameters)
        left = served.reply.get("UnprocessedItems", {})
        for name, requests in parameters["RequestItems"].items():
            for request in requests:
                if request not in left.get(name, ()):
                    item = request.get("PutRequest", {}).get("Item")
                    key = request["DeleteRequest"]["Key"] if item is None else item
                    self._items.written(self._table({"TableName": name}), key, item)
        return served

    def _transact_write_items(self, parameters: Parameters) -> _Served:
        served = self._past("TransactWriteItems", parameters)
        actions = [given for entry in parameters["TransactItems"] for given in entry.values()]
        self._cloud.spawn(self._read_back, actions, name="dax", background=True)
        return served

    def _read_back(self, actions: list[Parameters]) -> None:
        for given in actions:
            state = self._table(given)
            key = state.table.key_of(given.get("Item") or given["Key"])
            wanted = {"Get": {"TableName": state.table.name, "Key": key}}
            try:
                (response,) = self._ask("TransactGetItems", {"TransactItems": [wanted]})["Responses"]
            except ClientError:
                continue  # refused, by a conflict or a limit: the cache keeps what it has
            self._items.written(state, key, response.get("Item"))

    def _find(self, parameters: Parameters) -> TableState | None:
        found: TableState | None = self._tables.find(
            parameters["TableName"], self._region, self._cloud.account_id
        )
        return found

    def _table(self, parameters: Parameters) -> TableState:
        state: TableState = self._tables.at(parameters["TableName"], self._region, self._cloud.account_id)
        return state


def _without_units(reply: Reply, parameters: Parameters) -> Reply:
    """A cached reply, with the units it used if they are asked for: none."""
    if parameters.get("ReturnConsumedCapacity", "NONE") == "NONE":
        return reply
    return reply | {"ConsumedCapacity": {"TableName": parameters["TableName"], "CapacityUnits": 0.0}}
