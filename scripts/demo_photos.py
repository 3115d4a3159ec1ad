"""Adds photos to the dishes of a new demo chain, in a background process.

Drawing and converting them takes some seconds of CPU, so the first start does not wait for it: each
menu gets its photos at once, when all are uploaded.
"""

import os
import subprocess
import sys

from scripts.demo import RESTAURANTS, Api, DemoRefused
from scripts.demo_pictures import PICTURES, draw
from scripts.environment import ROOT

NICENESS = 10


def start(url: str, token: str) -> None:
    """Start the process, which is no child of this one. It ends with the session of this one."""
    command = [sys.executable, "-m", "scripts.demo_photos", url]
    subprocess.run(command, cwd=ROOT, input=token, text=True, check=False)


def add_photos(api: Api) -> None:
    """Upload the photos, and set them on the dishes that have none. Raises DemoRefused, or OSError
    if there is no answer."""
    found = {each["name"]: each["id"] for each in api.get("/restaurants")}
    restaurants = [found[each["name"]] for each in RESTAURANTS if each["name"] in found]
    photos: dict[str, str] = {}
    for name in PICTURES if restaurants else ():
        path = f"/restaurants/{restaurants[0]}/photos"
        photos[name] = api.upload("POST", path, draw(name), "image/webp")["photo_id"]
    for restaurant in restaurants:
        menu = api.get(f"/restaurants/{restaurant}/menu")
        categories = [
            {
                "name": category["name"],
                "items": [
                    {"id": item["id"], "photo_id": photos[item["name"]]}
                    for item in category["items"]
                    if item["name"] in photos and item["photo_id"] is None
                ],
            }
            for category in menu["categories"]
        ]
        path = f"/restaurants/{restaurant}/menu/import?format=json"
        api.send("POST", path, {"categories": categories})


def main(url: str) -> None:
    token = sys.stdin.read()
    if os.fork():
        return
    os.nice(NICENESS)
    try:
        add_photos(Api(url, token))
    except DemoRefused as error:
        print(f"Cannot add photos to the demo chain: {error}", file=sys.stderr)
    except OSError:  # the application has stopped
        pass


if __name__ == "__main__":
    main(sys.argv[1])
