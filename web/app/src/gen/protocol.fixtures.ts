// Written by go generate ./signaling/protocol. Change the Go types, not this file.

import type {
  DeskFromClient,
  DeskFromServer,
  RoomFromClient,
  RoomFromServer,
} from "./protocol";

export const deskFromClient: DeskFromClient[] = [
  {
    "type": "hello",
    "body": {
      "ticket": "ticket",
      "epoch": "e1",
      "offset": 41
    }
  },
  {
    "type": "armed",
    "body": {
      "armed": true
    }
  },
  {
    "type": "ping",
    "body": {
      "at": 1763800000000
    }
  },
];

export const deskFromServer: DeskFromServer[] = [
  {
    "type": "welcome",
    "body": {
      "epoch": "e1",
      "offset": 42,
      "resumed": true,
      "rings": [
        {
          "consult": "0199a5f0-0000-7000-8000-000000000001",
          "department": "0199a5f0-0000-7000-8000-00000000000c",
          "wave": 1,
          "until": 1763800000000
        }
      ]
    }
  },
  {
    "type": "pong",
    "body": {
      "at": 1763800000000,
      "server": 1763800000020
    }
  },
  {
    "type": "ring",
    "body": {
      "consult": "0199a5f0-0000-7000-8000-000000000001",
      "department": "0199a5f0-0000-7000-8000-00000000000c",
      "wave": 2,
      "until": 1763800000000,
      "invitation": true
    }
  },
  {
    "type": "ring-stopped",
    "body": {
      "consult": "0199a5f0-0000-7000-8000-000000000001",
      "why": "taken"
    }
  },
  {
    "type": "changed",
    "offset": 43,
    "body": {
      "consult": "0199a5f0-0000-7000-8000-000000000001",
      "state": "in-call",
      "version": 7,
      "verb": "accept"
    }
  },
  {
    "type": "presence",
    "body": {
      "person": "0199a5f0-0000-7000-8000-00000000000b",
      "online": true,
      "armed": true
    }
  },
  {
    "type": "notice",
    "body": {
      "kind": "unanswered",
      "consult": "0199a5f0-0000-7000-8000-000000000001"
    }
  },
  {
    "type": "error",
    "body": {
      "code": "unknown-message",
      "re": "wave",
      "message": "no such message on the desk socket"
    }
  },
];

export const roomFromClient: RoomFromClient[] = [
  {
    "type": "hello",
    "body": {
      "ticket": "ticket",
      "chat": 3
    }
  },
  {
    "type": "offer",
    "body": {
      "id": 1,
      "fresh": true,
      "sdp": "v=0\r\n",
      "tracks": [
        {
          "mid": "0",
          "source": "microphone"
        },
        {
          "mid": "1",
          "source": "camera"
        }
      ]
    }
  },
  {
    "type": "media",
    "body": {
      "microphone": true,
      "camera": false,
      "screen": false
    }
  },
  {
    "type": "knock",
    "body": {}
  },
  {
    "type": "admit",
    "body": {
      "participant": "p-1"
    }
  },
  {
    "type": "chat",
    "body": {
      "key": "k-1",
      "text": "请把心电图靠近镜头。"
    }
  },
  {
    "type": "quality",
    "body": {
      "rtt": 240,
      "loss_up": 0.03,
      "loss_down": 0.01,
      "rate_up": 180,
      "rate_down": 620,
      "concealed": 0.002,
      "freezes": 1,
      "path": "udp"
    }
  },
  {
    "type": "leave",
    "body": {}
  },
  {
    "type": "end",
    "body": {}
  },
  {
    "type": "ping",
    "body": {
      "at": 1763800000000
    }
  },
];

export const roomFromServer: RoomFromServer[] = [
  {
    "type": "welcome",
    "body": {
      "participant": "p-1",
      "token": "token",
      "grace": 30,
      "resumed": false,
      "phase": "waiting",
      "state": "waiting",
      "version": 6,
      "may": [
        "microphone",
        "camera",
        "screen",
        "chat"
      ],
      "roster": [
        {
          "id": "p-1",
          "person": "0199a5f0-0000-7000-8000-00000000000a",
          "name": "Demonstration requester",
          "seat": "owner",
          "institution": "Demonstration clinic",
          "phase": "waiting",
          "since": 1763800000000,
          "connected": true,
          "media": {
            "microphone": true,
            "camera": true,
            "screen": false
          },
          "link": "fair",
          "rtt": 240,
          "loss": 0.03
        },
        {
          "id": "p-2",
          "person": "0199a5f0-0000-7000-8000-00000000000b",
          "name": "王建国",
          "name_latin": "Wang Jianguo",
          "seat": "expert",
          "institution": "市人民医院",
          "institution_latin": "City People’s Hospital",
          "phase": "in",
          "since": 1763800000000,
          "connected": true,
          "media": {
            "microphone": false,
            "camera": false,
            "screen": false
          },
          "link": "unknown"
        }
      ],
      "chat": [
        {
          "seq": 4,
          "key": "k-0",
          "person": "0199a5f0-0000-7000-8000-00000000000b",
          "name": "王建国",
          "name_latin": "Wang Jianguo",
          "at": 1763800000000,
          "text": "Good morning."
        }
      ],
      "began": 1763800000000,
      "lines": [
        {
          "mid": "2",
          "participant": "p-2",
          "source": "microphone"
        },
        {
          "mid": "3",
          "participant": "p-2",
          "source": "camera",
          "stills": true
        },
        {
          "mid": "4",
          "participant": "p-2",
          "source": "screen",
          "paused": true
        },
        {
          "mid": "5"
        }
      ],
      "layers": [
        {
          "source": "camera",
          "rid": "s",
          "rate": 130
        }
      ],
      "ice_servers": [
        {
          "urls": [
            "turns:consult.example.org:443?transport=tcp"
          ],
          "username": "1763803600:p-1",
          "credential": "credential"
        }
      ]
    }
  },
  {
    "type": "answer",
    "body": {
      "id": 1,
      "sdp": "v=0\r\n",
      "lines": [
        {
          "mid": "2",
          "participant": "p-2",
          "source": "microphone"
        },
        {
          "mid": "3",
          "participant": "p-2",
          "source": "camera",
          "stills": true
        },
        {
          "mid": "4",
          "participant": "p-2",
          "source": "screen",
          "paused": true
        },
        {
          "mid": "5"
        }
      ]
    }
  },
  {
    "type": "lines",
    "body": {
      "lines": [
        {
          "mid": "2",
          "participant": "p-2",
          "source": "microphone"
        },
        {
          "mid": "3",
          "participant": "p-2",
          "source": "camera",
          "stills": true
        },
        {
          "mid": "4",
          "participant": "p-2",
          "source": "screen",
          "paused": true
        },
        {
          "mid": "5"
        }
      ]
    }
  },
  {
    "type": "layers",
    "body": {
      "layers": [
        {
          "source": "camera",
          "rid": "s",
          "rate": 130
        }
      ]
    }
  },
  {
    "type": "more-lines",
    "body": {
      "audio": 4,
      "video": 4
    }
  },
  {
    "type": "joined",
    "body": {
      "participant": {
        "id": "p-2",
        "person": "0199a5f0-0000-7000-8000-00000000000b",
        "name": "王建国",
        "name_latin": "Wang Jianguo",
        "seat": "expert",
        "institution": "市人民医院",
        "institution_latin": "City People’s Hospital",
        "phase": "in",
        "since": 1763800000000,
        "connected": true,
        "media": {
          "microphone": false,
          "camera": false,
          "screen": false
        },
        "link": "unknown"
      }
    }
  },
  {
    "type": "updated",
    "body": {
      "participant": {
        "id": "p-1",
        "person": "0199a5f0-0000-7000-8000-00000000000a",
        "name": "Demonstration requester",
        "seat": "owner",
        "institution": "Demonstration clinic",
        "phase": "waiting",
        "since": 1763800000000,
        "connected": true,
        "media": {
          "microphone": true,
          "camera": true,
          "screen": false
        },
        "link": "fair",
        "rtt": 240,
        "loss": 0.03
      }
    }
  },
  {
    "type": "left",
    "body": {
      "participant": "p-2",
      "why": "left"
    }
  },
  {
    "type": "chat",
    "body": {
      "seq": 5,
      "key": "k-1",
      "person": "0199a5f0-0000-7000-8000-00000000000a",
      "name": "Demonstration requester",
      "at": 1763800000000,
      "text": "好的。"
    }
  },
  {
    "type": "case",
    "body": {
      "state": "in-call",
      "version": 8,
      "began": 1763800000000
    }
  },
  {
    "type": "phase",
    "body": {
      "phase": "in",
      "by": "p-2",
      "may": [
        "microphone",
        "camera",
        "screen",
        "chat"
      ]
    }
  },
  {
    "type": "renewed",
    "body": {
      "token": "token",
      "ice_servers": [
        {
          "urls": [
            "turns:consult.example.org:443?transport=tcp"
          ],
          "username": "1763803600:p-1",
          "credential": "credential"
        }
      ]
    }
  },
  {
    "type": "ended",
    "body": {
      "by": "王建国",
      "by_latin": "Wang Jianguo"
    }
  },
  {
    "type": "error",
    "body": {
      "code": "not-admitted",
      "re": "offer",
      "message": "only people in the call may do this"
    }
  },
  {
    "type": "pong",
    "body": {
      "at": 1763800000000,
      "server": 1763800000020
    }
  },
];
