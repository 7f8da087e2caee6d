"""The settings: what a file may say, what is told of every mistake, and where each value comes from."""

from pathlib import Path

import msgspec
import pytest

from tidegate.app.config import (
    CONFIG_BYTES_MAX,
    PROBLEMS_MAX,
    ConfigurationWrong,
    find_config,
    find_state,
    load_config,
    parse_config,
    split_endpoint,
)
from tidegate.app.plan_mapping import border_settings, guard_settings
from tidegate.app.settings import BORDER_POINTS_MAX, Config
from tidegate.mitigate.guard import GuardSettings
from tidegate.model.refusals import NotAllowed

FILE = Path("tidegate.toml")


def mistakes(text: str) -> list[str]:
    with pytest.raises(ConfigurationWrong) as wrong:
        parse_config(text, FILE)
    return [str(problem) for problem in wrong.value.problems]


def test_an_empty_file_means_the_built_in_settings() -> None:
    assert parse_config("", FILE).config == Config()


def test_rates_and_prefixes_are_read_as_people_write_them() -> None:
    config = parse_config(
        """
        [sampling]
        "192.0.2.0/24" = 1000
        [border_points.harbour]
        exporters = ["192.0.2.1", "2001:db8::/48"]
        [objects.ministry-web]
        prefixes = ["203.0.113.0/24"]
        capacity = "10 Gbit/s"
        """,
        FILE,
    ).config
    assert config.sampling == {"192.0.2.0/24": 1000}
    assert config.border_points["harbour"].exporters == ("192.0.2.1/32", "2001:db8::/48")
    assert config.objects["ministry-web"].capacity == 10_000_000_000


@pytest.mark.parametrize(
    "text, told",
    [
        ("[collecter]", "collecter: unknown key; the nearest known key is collector"),
        ("[metrics]\nlisen = 1", "metrics.lisen: unknown key; the nearest known key is metrics.listen"),
        (
            '[objects.web]\nprefix = ["192.0.2.0/24"]\nprefixes = ["192.0.2.0/24"]',
            "objects.web.prefix: unknown key; the nearest known key is objects.web.prefixes",
        ),
        ('[collector]\nreceive_buffer_bytes = "big"', "expected a whole number, got text in quotes"),
        ("[collector]\nreceive_buffer_bytes = 1", "expected a whole number >= 65536"),
        ("[collector]\nlisten = []", "expected a list in [brackets] of length >= 1"),
        (
            '[collector]\nlisten = ["0.0.0.0:2055", "x"]',
            'collector.listen[1]: "x": write an address and a port',
        ),
        ('[collector]\nlisten = ["localhost:2055"]', "write an address, not a name"),
        ('[collector]\nlisten = ["192.0.2.1:70000"]', "write an address and a port"),
        (
            '[collector]\nallowed_exporters = ["192.0.2.1/24"]',
            "has bits beyond its length; write 192.0.2.0/24 if you mean the network",
        ),
        ('[objects.web]\nprefixes = ["all"]', 'objects.web.prefixes[0]: "all": not an address or prefix'),
        ("[objects.web]", "objects.web.prefixes: missing; it has no default"),
        ('[objects.web]\nprefixes = ["192.0.2.0/24"]\ncapacity = "10 apples"', 'write it like "10 Gbit/s"'),
        ('[sampling]\n"192.0.2.0/24" = 0', "sampling.192.0.2.0/24: expected a whole number >= 1"),
        ('[sampling]\n"192.0.2.0/24" = "1:1000"', "expected a whole number, got text in quotes"),
        ('[logging]\nformat = "xml"', 'choose one of "text", "json"'),
        ("collector = 3", "collector: expected a table; write it as [collector]"),
        ("sampling = 1000", "sampling: expected a table; write it as [sampling]"),
        ("objects = []", "objects: expected tables by name; write each as [objects.NAME]"),
        ('[border_points."a b"]\nexporters = ["192.0.2.1"]', "a name is made of letters, digits"),
        ("[collector", "not TOML: Expected ']'"),
    ],
)
def test_a_mistake_says_where_it_is_and_what_to_do(text: str, told: str) -> None:
    assert told in mistakes(text)[0]


def test_all_mistakes_of_a_file_are_told_at_once() -> None:
    assert len(mistakes('x = 1\n[logging]\nlevel = "loud"\nformat = 3')) == 3


def test_a_file_of_mistakes_without_end_is_told_in_bounded_length() -> None:
    text = "\n".join(f"x{i} = 1" for i in range(PROBLEMS_MAX + 7))
    with pytest.raises(ConfigurationWrong) as wrong:
        parse_config(text, FILE)
    assert len(str(wrong.value).splitlines()) == PROBLEMS_MAX + 1
    assert "and 7 more mistakes" in str(wrong.value)


def test_an_exporter_belongs_to_one_border_point() -> None:
    text = '[border_points.a]\nexporters = ["192.0.2.1"]\n[border_points.b]\nexporters = ["192.0.2.1/32"]'
    assert mistakes(text) == [
        "border_points.b.exporters: 192.0.2.1/32 already belongs to border point a; name it once"
    ]


def test_floors_are_given_to_vectors_that_exist() -> None:
    assert mistakes('[floors.npt]\nbits = "1 Gbit/s"') == [
        "floors.npt: no such vector; the nearest known one is ntp"
    ]


def test_persistence_fits_its_window() -> None:
    assert "longer than its window of 5 s" in mistakes("[detection]\npersistence_seconds = 6")[0]


def test_more_border_points_than_the_bound_are_refused() -> None:
    text = "".join(
        f'[border_points.p{i}]\nexporters = ["192.0.2.{i}"]\n' for i in range(BORDER_POINTS_MAX + 1)
    )
    assert mistakes(text) == [f"border_points: at most {BORDER_POINTS_MAX} are allowed"]


def test_metrics_can_be_switched_off() -> None:
    assert parse_config('[metrics]\nlisten = "off"', FILE).config.metrics.listen is None


def test_every_setting_says_where_it_comes_from() -> None:
    loaded = parse_config('[logging]\nlevel = "debug"\n[sampling]\n"192.0.2.1" = 512', FILE)
    origins = {setting.key: setting.origin for setting in loaded.settings()}
    assert origins["logging.level"] == "tidegate.toml"
    assert origins["sampling.192.0.2.1/32"] == "tidegate.toml"
    assert origins["logging.format"] == "default"


def test_the_file_told_wins_over_the_users_own(tmp_path: Path) -> None:
    usual = tmp_path / "tidegate" / "tidegate.toml"
    usual.parent.mkdir()
    usual.write_text("")
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert find_config(None, environ) == usual
    assert find_config(FILE, environ) == FILE


def test_without_any_file_the_built_in_settings_are_used(tmp_path: Path) -> None:
    assert load_config(None, {"XDG_CONFIG_HOME": str(tmp_path)}).file is None
    assert load_config(None, {}).config == Config()


def test_a_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationWrong, match="cannot be read"):
        load_config(tmp_path / "absent.toml", {})


@pytest.mark.parametrize(
    "content, told", [(b"\xff", "not UTF-8"), (b"#" * (CONFIG_BYTES_MAX + 1), "longer than")]
)
def test_a_file_that_is_no_text_of_sensible_length_is_refused(
    tmp_path: Path, content: bytes, told: str
) -> None:
    file = tmp_path / "tidegate.toml"
    file.write_bytes(content)
    with pytest.raises(ConfigurationWrong, match=told):
        load_config(file, {})


def test_the_state_folder_is_the_one_told_then_the_environments_then_the_users() -> None:
    environ = {"TIDEGATE_STATE": "/a", "XDG_STATE_HOME": "/b", "HOME": "/c"}
    assert find_state(Path("/told"), environ) == Path("/told")
    assert find_state(None, environ) == Path("/a")
    assert find_state(None, {"XDG_STATE_HOME": "/b", "HOME": "/c"}) == Path("/b/tidegate")
    assert find_state(None, {"HOME": "/c"}) == Path("/c/.local/state/tidegate")
    assert find_state(None, {}) == Path("/var/lib/tidegate")


@pytest.mark.parametrize(
    "text, parts", [("192.0.2.1:2055", ("192.0.2.1", 2055)), ("[::]:6343", ("::", 6343))]
)
def test_an_endpoint_is_an_address_and_a_port(text: str, parts: tuple[str, int]) -> None:
    assert split_endpoint(text) == parts


BORDER = """
[border_points.harbour]
exporters = ["192.0.2.1"]
capacity = "100 Gbit/s"
[border_points.harbour.routers.h1]
address = "192.0.2.1"
peer_as = 64500
components = ["destination", "protocols"]
[border]
speaker = "exabgp"
local_as = 64500
local_address = "192.0.2.100"
"""


def test_border_points_with_routers_become_what_the_speaker_needs(tmp_path: Path) -> None:
    loaded = parse_config(BORDER, Path("tidegate.toml"))
    settings = border_settings(loaded.config, tmp_path, "ab" * 16)
    assert settings is not None
    (point,) = settings.border_points
    assert (point.name, point.capacity_bits_per_s) == ("harbour", 100_000_000_000)
    assert point.routers[0].profile.components == {"destination", "protocols"}
    assert (settings.router_id, settings.officers) == ("192.0.2.100", str(tmp_path / "officers.toml"))
    assert msgspec.json.decode(settings.guard, type=GuardSettings) == guard_settings(loaded.config)
    assert border_settings(Config(), tmp_path, "ab" * 16) is None


@pytest.mark.parametrize(
    "text, key",
    [
        (BORDER.replace("local_as = 64500", ""), "border.local_as"),
        (
            BORDER.replace('local_address = "192.0.2.100"', 'local_address = "2001:db8::1"'),
            "border.router_id",
        ),
        (BORDER.replace("peer_as", "peer_ass"), "border_points.harbour.routers.h1.peer_ass"),
        (BORDER.replace('"protocols"', '"colour"'), "border_points.harbour.routers.h1.components"),
        (BORDER + "[planning]\nlease_seconds = 30", "planning.spot_test_seconds"),
        (BORDER + "[guard]\nprefix_min_ipv4 = 8", "guard.prefix_min_ipv4"),
        (BORDER + "[guard]\nheld_back_max = 0.5", "guard.held_back_max"),
        (
            BORDER + '[border_points.b]\nexporters=["192.0.2.2"]\n[border_points.b.routers.x]\n'
            'address="192.0.2.1"\npeer_as=1',
            "border_points.b.routers.x.address",
        ),
    ],
)
def test_mistakes_about_the_border_are_told_at_their_key(text: str, key: str) -> None:
    with pytest.raises(ConfigurationWrong) as wrong:
        parse_config(text, Path("tidegate.toml"))
    assert key in {problem.key.partition("[")[0] for problem in wrong.value.problems}


def test_a_named_file_that_cannot_be_read_lets_nothing_be_planned(tmp_path: Path) -> None:
    loaded = parse_config(f'[guard]\nprotected = ["{tmp_path}/none.toml"]', Path("tidegate.toml"))
    with pytest.raises(NotAllowed, match=r"none\.toml"):
        guard_settings(loaded.config)
    (tmp_path / "list.toml").write_text('[[destination]]\nname = "clinic"\nprefixes = ["203.0.113.7/32"]')
    loaded = parse_config(f'[guard]\nprotected = ["{tmp_path}/list.toml"]', Path("tidegate.toml"))
    assert "clinic" in {entry.name for entry in guard_settings(loaded.config).protected.destination}
