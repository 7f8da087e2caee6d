"""nfacctd of the pmacct package: sums flows by destination host, here with its print plugin."""

from pathlib import Path

from benchmarks.peers.peer import Peer

_CONFIGURATION = """daemonize: false
nfacctd_ip: 127.0.0.1
nfacctd_port: {port}
nfacctd_pipe_size: 4194304
plugins: print
aggregate: dst_host, proto, src_port
plugin_pipe_size: 67108864
plugin_buffer_size: 65536
print_refresh_time: 10
print_output_file: {folder}/out.txt
print_cache_entries: 262139
"""


def prepare(folder: Path, port: int) -> list[str]:
    configuration = folder / "nfacctd.conf"
    configuration.write_text(_CONFIGURATION.format(port=port, folder=folder))
    return ["nfacctd", "-f", str(configuration)]


def records(folder: Path) -> int | None:
    return None


NFACCTD = Peer("nfacctd", "nfacctd", "pmacct", prepare, records)
