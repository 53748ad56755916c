"""A page in a room by aiortc: the room socket and a media connection.

Reads one line of JSON from its standard input, what it is to do:

    url     of the room socket, as ws://localhost:8080/ws/rooms/…
    origin  of the page
    cookie  name=value of the session
    ticket  to the room
    pairs   spare receiving sections in the first offer

and writes a line of JSON for everything that happens. It ends when its standard
input does.
"""

import asyncio
import fractions
import json
import math
import sys

import websockets
from aiortc import RTCPeerConnection, RTCSessionDescription
from aiortc.mediastreams import AudioStreamTrack, VideoStreamTrack
from av import AudioFrame, VideoFrame


def say(event, **what):
    print(json.dumps({"event": event, **what}), flush=True)


class Tone(AudioStreamTrack):
    """440 Hz, in frames of 20 ms."""

    async def recv(self):
        frame = await super().recv()  # paces, and is silent
        n = frame.samples
        start = frame.pts
        wave = (int(9000 * math.sin(2 * math.pi * 440 * (start + i) / frame.sample_rate)) for i in range(n))
        data = b"".join(s.to_bytes(2, "little", signed=True) for s in wave)
        tone = AudioFrame(format="s16", layout="mono", samples=n)
        tone.planes[0].update(data)
        tone.pts, tone.sample_rate, tone.time_base = start, frame.sample_rate, fractions.Fraction(1, frame.sample_rate)
        return tone


class Bar(VideoStreamTrack):
    """A bright bar that moves across a dark picture."""

    width, height = 160, 120

    async def recv(self):
        pts, base = await self.next_timestamp()
        frame = VideoFrame(self.width, self.height, "yuv420p")
        at = pts // 3000 * 4 % self.width
        row = bytes(230 if (x - at) % self.width < 40 else 30 for x in range(frame.planes[0].line_size))
        frame.planes[0].update(row * self.height)
        for chroma in frame.planes[1:]:
            chroma.update(bytes([128]) * chroma.buffer_size)
        frame.pts, frame.time_base = pts, base
        return frame


class Page:
    def __init__(self, socket, pairs):
        self.socket = socket
        self.pc = RTCPeerConnection()
        self.offered = 0
        self.pc.on("track", self.track)
        self.pc.on("connectionstatechange", lambda: say("connection", state=self.pc.connectionState))
        self.microphone = self.pc.addTransceiver(Tone(), direction="sendonly")
        self.camera = self.pc.addTransceiver(Bar(), direction="sendonly")
        self.widen(pairs, pairs)
        self.work = set()

    def widen(self, audio, video):
        """Adds receiving sections until there are so many."""
        wanted = {"audio": audio, "video": video}
        for t in self.pc.getTransceivers():
            if t.direction == "recvonly":
                wanted[t.kind] -= 1
        for i in range(max(wanted.values())):
            for kind in ("audio", "video"):
                if i < wanted[kind]:
                    self.pc.addTransceiver(kind, direction="recvonly")

    async def send(self, kind, **body):
        await self.socket.send(json.dumps({"type": kind, "body": body}))

    async def offer(self):
        await self.pc.setLocalDescription(await self.pc.createOffer())
        self.offered += 1
        await self.send(
            "offer",
            id=self.offered,
            sdp=self.pc.localDescription.sdp,
            tracks=[
                {"mid": self.microphone.mid, "source": "microphone"},
                {"mid": self.camera.mid, "source": "camera"},
            ],
        )

    def track(self, track):
        mid = next(t.mid for t in self.pc.getTransceivers() if t.receiver.track is track)
        task = asyncio.ensure_future(self.watch(track, mid))
        self.work.add(task)
        task.add_done_callback(self.work.discard)

    async def watch(self, track, mid):
        """Decodes, and tells what of it is worth looking at or listening to."""
        last, different = None, 0
        while True:
            try:
                frame = await track.recv()
            except Exception:  # aiortc's own word for the end of a track
                return
            now = bytes(frame.planes[0])
            if now != last:
                different += 1
                if different % 10 == 0:
                    say("media", mid=mid, kind=track.kind, frames=different)
            last = now

    async def receive(self):
        async for text in self.socket:
            message = json.loads(text)
            kind, body = message["type"], message["body"]
            if kind == "welcome":
                say("welcome", participant=body["participant"])
                await self.offer()
                await self.send("media", microphone=True, camera=True, screen=False)
                await self.send("knock")
            elif kind == "answer":
                say("lines", lines=body["lines"])
                await self.pc.setRemoteDescription(RTCSessionDescription(sdp=body["sdp"], type="answer"))
                say("answered", id=body["id"])
            elif kind == "lines":
                say("lines", lines=body["lines"])
            elif kind == "more-lines":
                self.widen(body["audio"], body["video"])
                await self.offer()
            elif kind == "phase":
                say("phase", phase=body["phase"])
            elif kind == "error":
                say("error", code=body["code"], message=body["message"])


# websockets 14 renamed it.
HEADERS = "extra_headers" if int(websockets.__version__.split(".")[0]) < 14 else "additional_headers"


async def main():
    loop = asyncio.get_running_loop()
    todo = json.loads(await loop.run_in_executor(None, sys.stdin.readline))
    cookie = {HEADERS: {"Cookie": todo["cookie"]}}
    async with websockets.connect(todo["url"], origin=todo["origin"], max_size=1 << 20, **cookie) as socket:
        page = Page(socket, todo["pairs"])
        await page.send("hello", ticket=todo["ticket"])
        talking = asyncio.ensure_future(page.receive())
        await asyncio.wait(
            [talking, loop.run_in_executor(None, sys.stdin.read)], return_when=asyncio.FIRST_COMPLETED
        )
        if talking.done():
            talking.result()
            raise SystemExit("the room socket ended")
        await page.send("leave")
        talking.cancel()
        await page.pc.close()


asyncio.run(main())
