"""The part of GoBGP's gRPC interface (version 3) that the border uses, with its messages made from one table.

Field numbers are those of GoBGP's published api/gobgp.proto (package apipb). Routes travel as BGP's own
bytes (`nlri_binary`, `pattrs_binary`), so that what is announced is what tidegate.wire wrote.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from tidegate.ports.outside import OutsideFailed

SCHEMA: Final = """
Family: afi=1 int32, safi=2 int32
Path: family=9 Family, neighbor_ip=15 string, nlri_binary=20 bytes, pattrs_binary=21 *bytes
Destination: prefix=1 string, paths=2 *Path
AddPathRequest: table_type=1 int32, path=3 Path
AddPathResponse: uuid=1 bytes
DeletePathRequest: table_type=1 int32, family=3 Family, path=4 Path
ListPathRequest: table_type=1 int32, name=2 string, family=3 Family, enable_nlri_binary=7 bool,\
 enable_attribute_binary=8 bool, enable_only_binary=9 bool
ListPathResponse: destination=1 Destination
Timestamp: seconds=1 int64
TimersState: uptime=6 Timestamp
Timers: state=2 TimersState
AfiSafiState: family=1 Family, enabled=2 bool
AfiSafiConfig: family=1 Family, enabled=2 bool
AfiSafi: config=2 AfiSafiConfig, state=3 AfiSafiState
PeerConf: neighbor_address=4 string
Any: type_url=1 string, value=2 bytes
MultiProtocolCapability: family=1 Family
PeerState: session_state=13 int32, remote_cap=18 *Any
GracefulRestart: enabled=1 bool
Peer: conf=2 PeerConf, state=5 PeerState, timers=6 Timers, graceful_restart=9 GracefulRestart,\
 afi_safis=10 *AfiSafi
ListPeerRequest: address=1 string
ListPeerResponse: peer=1 Peer
DefinedSet: defined_type=1 int32, name=2 string, list=3 *string
AddDefinedSetRequest: defined_set=1 DefinedSet
MatchSet: type=1 int32, name=2 string
Conditions: neighbor_set=2 MatchSet, large_community_set=9 MatchSet
Actions: route_action=1 int32
Statement: name=1 string, conditions=2 Conditions, actions=3 Actions
Policy: name=1 string, statements=2 *Statement
AddPolicyRequest: policy=1 Policy
PolicyAssignment: name=1 string, direction=2 int32, policies=4 *Policy, default_action=5 int32
ListPolicyAssignmentRequest: name=1 string, direction=2 int32
ListPolicyAssignmentResponse: assignment=1 PolicyAssignment
SetPolicyAssignmentRequest: assignment=1 PolicyAssignment
Empty:
"""
"""Message: field=number type; `*` stands before the type of a repeated one. Enumerations are int32."""

GLOBAL, ADJ_OUT = 0, 3
"""TableType."""

NEIGHBOR, LARGE_COMMUNITY = 1, 6
"""DefinedType."""

ACCEPT, REJECT = 1, 2
"""RouteAction; EXPORT is a PolicyDirection, ESTABLISHED a SessionState."""

EXPORT: Final = 2
ESTABLISHED: Final = 6

ANSWERS: Final = {
    "AddPath": "AddPathResponse",
    "DeletePath": "Empty",
    "ListPath": "ListPathResponse",
    "ListPeer": "ListPeerResponse",
    "AddDefinedSet": "Empty",
    "AddPolicy": "Empty",
    "ListPolicyAssignment": "ListPolicyAssignmentResponse",
    "SetPolicyAssignment": "Empty",
}

Message = Any


class Gone(OutsideFailed):
    """Nobody listens at the address: that gobgpd has ended, and everything it held with it."""


class GobgpApi:
    """One gobgpd. Every call waits at most `timeout_s`; OutsideFailed where it failed or may have."""

    def __init__(self, target: str, timeout_s: float) -> None:
        grpc = _grpc()
        self._target, self._timeout_s = target, timeout_s
        self._messages = _message_classes()
        # Each channel of its own: one that was refused waits long before it tries again.
        self._channel = grpc.insecure_channel(target, [("grpc.use_local_subchannel_pool", 1)])

    def message(self, kind: str, **fields: object) -> Message:
        return self._messages[kind](**fields)

    def call(self, method: str, request: Message) -> None:
        """A call with one answer, which says nothing."""
        with self._failures(method):
            self._channel.unary_unary(*self._named(method))(request, timeout=self._timeout_s)

    def every(self, method: str, request: Message) -> list[Message]:
        """All answers of a call that has several."""
        with self._failures(method):
            return list(self._channel.unary_stream(*self._named(method))(request, timeout=self._timeout_s))

    def read(self, kind: str, data: bytes) -> Message:
        return self._messages[kind].FromString(data)

    def close(self) -> None:
        self._channel.close()

    def _named(self, method: str) -> tuple[str, Any, Any]:
        answer = self._messages[ANSWERS[method]]
        return f"/apipb.GobgpApi/{method}", lambda message: message.SerializeToString(), answer.FromString

    @contextmanager
    def _failures(self, method: str) -> Iterator[None]:
        grpc = _grpc()
        try:
            yield
        except grpc.RpcError as error:
            gone = error.code() == grpc.StatusCode.UNAVAILABLE and "refused" in (error.details() or "")
            kind = Gone if gone else OutsideFailed
            raise kind(
                f"GoBGP's {method} failed ({error.code().name}: {error.details()})",
                self._target,
                "Look whether that gobgpd runs and lets this node use its gRPC interface.",
            ) from error


def _grpc() -> Any:
    try:
        import grpc
    except ImportError as error:
        raise OutsideFailed(
            "gRPC is not installed", "speaker = gobgp", "Install it: pip install 'tidegate[gobgp]'."
        ) from error
    return grpc


def _message_classes() -> dict[str, Any]:
    from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

    file = descriptor_pb2.FileDescriptorProto(name="tidegate_gobgp.proto", package="apipb", syntax="proto3")
    for line in SCHEMA.strip().splitlines():
        name, _, fields = line.partition(":")
        message = file.message_type.add(name=name)
        for told in filter(None, (each.strip() for each in fields.split(","))):
            _add_field(message, *told.split(" "))
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    named = (message.name for message in file.message_type)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"apipb.{name}")) for name in named
    }


def _add_field(message: Any, numbered: str, kind: str) -> None:
    name, _, number = numbered.partition("=")
    field = message.field.add(name=name, number=int(number), label=3 if kind.startswith("*") else 1)
    scalar = {"bool": 8, "string": 9, "bytes": 12, "int32": 5, "int64": 3}.get(kind.lstrip("*"))
    field.type = scalar if scalar is not None else 11
    if scalar is None:
        field.type_name = f".apipb.{kind.lstrip('*')}"
