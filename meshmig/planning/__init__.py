"""From a migration and a mesh to stages of steps."""

from meshmig.planning.journey import PlanRequest
from meshmig.planning.order import call_order
from meshmig.planning.planner import final_objects, make_plan
from meshmig.planning.written import digest_of, written

__all__ = ["PlanRequest", "call_order", "digest_of", "final_objects", "make_plan", "written"]
