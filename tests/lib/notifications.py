#!/usr/bin/python3
"""A notification daemon for a test: writes what it is given to FILE, one JSON
object a line, and goes when its bus does."""
import json
import sys

from gi.repository import Gio, GLib

XML = """<node><interface name='org.freedesktop.Notifications'>
<method name='GetCapabilities'><arg type='as' direction='out'/></method>
<method name='GetServerInformation'><arg type='s' direction='out'/>
<arg type='s' direction='out'/><arg type='s' direction='out'/>
<arg type='s' direction='out'/></method>
<method name='Notify'><arg type='s' direction='in'/><arg type='u' direction='in'/>
<arg type='s' direction='in'/><arg type='s' direction='in'/>
<arg type='s' direction='in'/><arg type='as' direction='in'/>
<arg type='a{sv}' direction='in'/><arg type='i' direction='in'/>
<arg type='u' direction='out'/></method>
<method name='CloseNotification'><arg type='u' direction='in'/></method>
<signal name='NotificationClosed'><arg type='u'/><arg type='u'/></signal>
</interface></node>"""

out = open(sys.argv[1], "a", buffering=1)
loop = GLib.MainLoop()
last = 0


def say(**what):
    out.write(json.dumps(what) + "\n")


def call(connection, sender, path, interface, method, args, invocation):
    global last
    args = args.unpack()
    if method == "GetCapabilities":
        invocation.return_value(GLib.Variant("(as)", (["body", "body-markup"],)))
    elif method == "GetServerInformation":
        invocation.return_value(
            GLib.Variant("(ssss)", ("test", "weir", "1", "1.2")))
    elif method == "Notify":
        number = args[1] or last + 1
        last = max(last, number)
        say(method="Notify", app=args[0], replaces=args[1], title=args[3],
            body=args[4], urgency=int(args[6].get("urgency", 1)))
        invocation.return_value(GLib.Variant("(u)", (number,)))
    else:
        say(method="CloseNotification", id=args[0])
        invocation.return_value(None)
        connection.emit_signal(None, path, interface, "NotificationClosed",
                               GLib.Variant("(uu)", (args[0], 3)))


def on_bus(connection, name):
    info = Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0]
    connection.register_object("/org/freedesktop/Notifications", info, call,
                               None, None)


Gio.bus_own_name(Gio.BusType.SESSION, "org.freedesktop.Notifications",
                 Gio.BusNameOwnerFlags.NONE, on_bus,
                 lambda *a: say(method="ready"), lambda *a: loop.quit())
loop.run()
