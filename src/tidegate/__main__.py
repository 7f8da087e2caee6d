"""The hinge: builds the parts, hands them to the app, opens a door; no logic lives here."""


def main() -> None:
    raise SystemExit(2)


if __name__ == "__main__":
    main()
