"""The web faces of the simulator: the HEAT Cloud and the Aris unit as Starlette applications."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Protocol

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from optimizer.simulator.faults import Answer, Fault, Where
from optimizer.simulator.options import SimulatorOptions


class Backend(Protocol):
    """What the web faces need of the simulator."""

    options: SimulatorOptions

    def take_fault(self, where: Where) -> Fault | None: ...
    def get_sites(self) -> Answer: ...
    def get_site(self, site_id: str) -> Answer: ...
    def get_hcu(self) -> Answer: ...
    def post_schedules(self, site_id: str, raw: bytes, shown_status: Callable[[Answer], int | None]) -> Answer: ...
    def skip_post(self, site_id: str, raw: bytes, status: int | None) -> None: ...


class Line:
    """The wire of one server: knows when it is shut down and how to cut a connection."""

    def __init__(self) -> None:
        self.closing = asyncio.Event()
        self.cut: Callable[[Request], None] = lambda _: None

    async def wait(self, seconds: float) -> bool:
        """Wait; False as soon as the server is being shut down."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self.closing.wait(), seconds)
        return not self.closing.is_set()

    async def drop(self, request: Request) -> Response:
        """Close the connection without an answer; the returned one is never sent."""
        self.cut(request)
        while (await request.receive())["type"] != "http.disconnect":
            continue
        return Response(status_code=500)

    async def send(self, request: Request, answer: Answer, fault: Fault | None) -> Response:
        """Send an answer the way a fault has it."""
        if fault is None:
            return _response(answer)
        if fault.delay_s > 0.0 and not await self.wait(fault.delay_s):
            return await self.drop(request)
        if fault.drop:
            return await self.drop(request)
        return self._dripping(request, answer, fault.drip_s) if fault.drip_s > 0.0 else _response(answer)

    def _dripping(self, request: Request, answer: Answer, drip_s: float) -> Response:
        async def drops() -> AsyncIterator[bytes]:
            for position in range(len(answer.body)):
                if not await self.wait(drip_s):
                    await self.drop(request)
                    return
                yield answer.body[position : position + 1]

        headers = {**answer.headers, "content-length": str(len(answer.body))}
        return StreamingResponse(drops(), answer.status, headers, answer.content_type)


def heat_app(backend: Backend, line: Line) -> Starlette:
    """The HEAT Cloud: sites, schedules, health."""
    options = backend.options

    async def sites(request: Request) -> Response:
        return await _get(backend, line, request, "GET sites", backend.get_sites, _cloud_key)

    async def site(request: Request) -> Response:
        site_id = request.path_params["site_id"]
        return await _get(backend, line, request, "GET site", lambda: backend.get_site(site_id), _cloud_key)

    async def schedules(request: Request) -> Response:
        return await _post(backend, line, request)

    async def health(request: Request) -> Response:
        return await _get(backend, line, request, "GET health", lambda: Answer(status=204), _open_door)

    prefix = options.api_prefix
    routes = [
        Route(options.health_path, health, methods=["GET"]),
        Route(prefix + options.sites_path, sites, methods=["GET"]),
        Route(prefix + options.schedules_path, schedules, methods=["POST"]),
        Route(prefix + options.site_path, site, methods=["GET"]),
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _http_error})


def aris_app(backend: Backend, line: Line) -> Starlette:
    """The Aris unit: hydronic status, health."""

    async def hcu(request: Request) -> Response:
        return await _get(backend, line, request, "GET hcu", backend.get_hcu, _unit_token)

    async def health(request: Request) -> Response:
        fine = Answer(status=200, body=b'{"status":"ok","version":"simulator"}')
        return await _get(backend, line, request, "GET aris health", lambda: fine, _open_door)

    routes = [Route("/api/hcu", hcu, methods=["GET"]), Route("/health", health, methods=["GET"])]
    return Starlette(routes=routes, exception_handlers={HTTPException: _http_error})


async def _get(
    backend: Backend,
    line: Line,
    request: Request,
    where: Where,
    answer: Callable[[], Answer],
    refusal: Callable[[Request, SimulatorOptions], Answer | None],
) -> Response:
    fault = backend.take_fault(where)
    true = refusal(request, backend.options) or answer()
    return await line.send(request, true if fault is None else fault.distort(true), fault)


async def _post(backend: Backend, line: Line, request: Request) -> Response:
    site_id = request.path_params["site_id"]
    raw = await request.body()
    fault = backend.take_fault("POST")
    refused = _cloud_key(request, backend.options)

    def shown(true: Answer) -> Answer:
        return true if fault is None else fault.distort(true)

    def shown_status(true: Answer) -> int | None:
        return None if fault is not None and fault.drop else shown(true).status

    if refused is not None or (fault is not None and not fault.carries_out):
        true = Answer(status=500) if refused is None else refused
        backend.skip_post(site_id, raw, shown_status(true))
    else:
        if fault is not None and fault.twice:
            backend.post_schedules(site_id, raw, shown_status)
        true = backend.post_schedules(site_id, raw, shown_status)
    return await line.send(request, shown(true), fault)


def _cloud_key(request: Request, options: SimulatorOptions) -> Answer | None:
    if _bearer(request) == options.api_key:
        return None
    return Answer(status=401, body=b'{"error":"unauthorized","message":"A valid API key is required"}')


def _unit_token(request: Request, options: SimulatorOptions) -> Answer | None:
    if _bearer(request) == options.hcu_token:
        return None
    return Answer(status=401, body=b'{"error":"Unauthorized","message":"Valid authentication required"}')


def _open_door(_request: Request, _options: SimulatorOptions) -> Answer | None:
    return None


def _bearer(request: Request) -> str | None:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token if scheme.lower() == "bearer" else None


def _response(answer: Answer) -> Response:
    response = Response(answer.body, answer.status, dict(answer.headers))
    if answer.body:
        response.headers["content-type"] = answer.content_type
    return response


async def _http_error(_request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    detail = error.detail if isinstance(error, HTTPException) else "An unexpected error occurred"
    return JSONResponse({"error": f"http_{status}", "message": detail}, status)
