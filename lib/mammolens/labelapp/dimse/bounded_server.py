"""The network side of the listener: nobody who connects can hold it up, or fill memory or disk.

pynetdicom by itself shakes hands of TLS while no other connection is accepted, and reads as many bytes as a PDU says
that it has.
"""

from __future__ import annotations

import socket
import time
from socketserver import BaseServer
from typing import Any, Final

from pynetdicom import evt
from pynetdicom.transport import AssociationSocket, ThreadedAssociationServer

MOST_CONNECTIONS: Final = 32
LONGEST_PDU: Final = 1 << 20  # bytes; peers are asked to send 16 KB at most (PS3.8 D.1)
LARGEST_OBJECT: Final = 512 << 20  # bytes, as of an upload
SILENT_S: Final = 30.0
_PDU_S: Final = 60.0
_PIECE: Final = 1 << 16
_READING: Final = "mammolens_reading"  # attribute of an association


class BoundedServer(ThreadedAssociationServer):
    """Accepts this many connections at a time; TLS is negotiated by the thread of the connection."""

    daemon_threads = True

    def end(self) -> None:
        """Abort all associations, and listen no more."""
        for association in self.active_associations:
            if association.is_established:
                association.abort()
            else:
                association.kill()
        BaseServer.shutdown(self)  # pynetdicom's own knows only servers that an AE has started
        self.server_close()

    def get_request(self) -> tuple[socket.socket, Any]:
        """Accept a connection."""
        listening: socket.socket = self.socket  # type: ignore[assignment]  # bound by now
        connection, address = listening.accept()
        connection.settimeout(SILENT_S)
        if self.ssl_context:
            connection = self.ssl_context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Whether there is room for one more."""
        return len(self.active_associations) < MOST_CONNECTIONS


class BoundedReading:
    """How a connection is read: a PDU, and what belongs to one object, is limited in bytes and time."""

    def __init__(self, connection: AssociationSocket, plain_or_tls: socket.socket) -> None:
        self._connection, self._socket = connection, plain_or_tls
        self._received = 0
        vars(connection)["recv"] = self.recv

    @classmethod
    def begin(cls, event: evt.Event) -> None:
        """Handle EVT_CONN_OPEN."""
        connection = event.assoc.dul.socket
        if connection is not None and connection.socket is not None:
            vars(event.assoc)[_READING] = cls(connection, connection.socket)

    @staticmethod
    def of(event: evt.Event) -> BoundedReading:
        """That of an event's association."""
        reading: BoundedReading = vars(event.assoc)[_READING]
        return reading

    def next_object(self) -> None:
        """Restart the count: an object was received."""
        self._received = 0

    def recv(self, count: int) -> bytearray:
        """Read this many bytes, or fewer where the peer closes the connection.

        Raises:
            OSError: too many, or too slow; the connection is closed then.
        """
        try:
            return self._read(count)
        except OSError:
            self._connection.close()  # pynetdicom takes it for closed
            raise

    def _read(self, count: int) -> bytearray:
        self._received += count
        if count > LONGEST_PDU or self._received > LARGEST_OBJECT:
            raise OSError(f"the peer sends more than {LONGEST_PDU} bytes a PDU or {LARGEST_OBJECT} an object")
        found, deadline = bytearray(), time.monotonic() + _PDU_S
        while len(found) < count:
            if time.monotonic() > deadline:
                raise TimeoutError("the peer sends too slowly")
            piece = self._socket.recv(min(_PIECE, count - len(found)))
            if not piece:
                break
            found += piece
        return found
