"""A long `.mig` file in the manner of a real one, and the same content as HCL."""

from collections.abc import Callable, Iterator

HEAD_MIG = """mig 1

migration estate {
  cluster context "prod-eu"
  from    appmesh "estate"
  to      istio { revision "stable"  mtls strict  egress declared }
  metrics prometheus "http://prometheus.monitoring:9090" { scrape 15s }
}
"""
HEAD_HCL = """mig = 1

migration "estate" {
  cluster { context = "prod-eu" }
  from "appmesh" { name = "estate" }
  to "istio" {
    revision = "stable"
    mtls     = "strict"
    egress   = "declared"
  }
  metrics "prometheus" {
    url    = "http://prometheus.monitoring:9090"
    scrape = "15s"
  }
}
"""
TEAM_MIG = """
# What team {n} calls healthy.
gate healthy_{n} {{
  require errors            <= old * 1.25 + 0.05%
  require slower_than 250ms <= old * 1.2 + 0.5%
  advance when unharmed after 500 requests
  no_data wait 20m then pause
  fail    rollback
}}

profile gentle_{n} {{
  strategy canary
  steps    1%, 5%, 25%, 50%, 100%
  bake     10m
  check    healthy_{n}
  keep     old 24h
}}

group tier_{n} {{
  workloads team-{n}/web-*, team-{n}/api
  except    team-{n}/web-legacy
  expect    2..6
}}

stage {n} "team {n}" {{ move tier_{n} using gentle_{n} with {{ bake 20m }} }}
"""
TEAM_HCL = """
# What team {n} calls healthy.
gate "healthy_{n}" {{
  require "errors" {{ at_most = "old * 1.25 + 0.05%" }}
  require "slower_than" {{
    threshold = "250ms"
    at_most   = "old * 1.2 + 0.5%"
  }}
  advance = {{ when = "unharmed", after = 500 }}
  no_data = {{ wait = "20m", then = "pause" }}
  fail    = "rollback"
}}

profile "gentle_{n}" {{
  strategy = "canary"
  steps    = ["1%", "5%", "25%", "50%", "100%"]
  bake     = "10m"
  check    = gate.healthy_{n}
  keep_old = "24h"
}}

group "tier_{n}" {{
  workloads = ["team-{n}/web-*", "team-{n}/api"]
  except    = ["team-{n}/web-legacy"]
  expect    = [2, 6]
}}

stage "{n}" "team {n}" {{
  move {{
    what  = group.tier_{n}
    using = profile.gentle_{n}
    with  = {{ bake = "20m" }}
  }}
}}
"""


def mig_text(lines: int) -> str:
    """Return about that many lines of `.mig`."""
    return HEAD_MIG + "".join(_teams(TEAM_MIG, lines))


def hcl_text(lines: int) -> str:
    """Return what `mig_text` of so many lines says, as HCL: a few more lines."""
    return HEAD_HCL + "".join(_teams(TEAM_HCL, lines))


def _teams(piece: str, lines: int) -> Iterator[str]:
    count = max(1, (lines - HEAD_MIG.count("\n")) // TEAM_MIG.count("\n"))
    render: Callable[..., str] = piece.format
    return (render(n=number) for number in range(1, count + 1))
