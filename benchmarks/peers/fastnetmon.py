"""FastNetMon Community: detects floods against listed networks; bans, scripts and its own ports are switched
off.
"""

from pathlib import Path

from benchmarks.peers.peer import Peer
from benchmarks.processes import free_udp_port

NETWORKS = "198.18.0.0/15"

_CONFIGURATION = """logging_level = info
disable_usage_report = on
enable_ban = off
enable_ban_ipv6 = off
process_incoming_traffic = on
process_outgoing_traffic = on
networks_list_path = {folder}/networks
white_list_path = {folder}/whitelist
check_period = 1
enable_connection_tracking = off
netflow = on
netflow_port = {port}
netflow_host = 127.0.0.1
netflow_sampling_ratio = 100
sflow = {sflow}
sflow_port = {sflow_port}
sflow_host = 127.0.0.1
monitor_local_ip_addresses = off
average_calculation_time = 5
speed_calculation_delay = 1
pid_path = {folder}/fastnetmon.pid
cli_stats_file_path = {folder}/stats
cli_stats_ipv6_file_path = {folder}/stats6
enable_api = off
prometheus = off
"""


def prepare_for(networks: str, folder: Path, port: int) -> list[str]:
    """The command that watches `networks`, with its configuration in `folder`."""
    (folder / "networks").write_text(networks + "\n")
    (folder / "whitelist").write_text("")
    configuration = folder / "fastnetmon.conf"
    configuration.write_text(
        _CONFIGURATION.format(folder=folder, port=port, sflow="off", sflow_port=free_udp_port())
    )
    return [
        "/usr/sbin/fastnetmon",
        "--configuration_file",
        str(configuration),
        "--log_file",
        str(folder / "log"),
        "--disable_pid_logic",
    ]


def prepare(folder: Path, port: int) -> list[str]:
    return prepare_for(NETWORKS, folder, port)


def records(folder: Path) -> int | None:
    return None


FASTNETMON = Peer("fastnetmon", "fastnetmon", "fastnetmon", prepare, records)
