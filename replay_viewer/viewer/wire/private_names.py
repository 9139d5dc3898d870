"""All that this package uses of viser's Python and that viser promises to nobody, each name once and with its use.

viser is pinned to its minor version because of these, and because of what its page names, which page/viser.js lists. A
test tells in one sentence which of them a newer viser lacks.
"""

from __future__ import annotations

from collections.abc import Mapping

# Messages of `viser._messages`, with the fields that are used.
MESSAGES: Mapping[str, tuple[str, ...]] = {
    # Poses of nodes, and of all instances of one at once; by the page also colours.
    "SetPositionMessage": ("name", "position"),
    "SetOrientationMessage": ("name", "wxyz"),
    "SceneNodeUpdateMessage": ("name", "updates", "owner"),
    # Where a browser looks from; the page keeps away those that come after its user has taken the camera.
    "SetCameraPositionMessage": ("position", "initial"),
    "SetCameraLookAtMessage": ("look_at", "initial"),
    "SetCameraFovMessage": ("fov", "initial"),
    # Our scripts.
    "RunJavascriptMessage": ("source",),
    # The value of a control, from a browser: looked at before viser does.
    "GuiUpdateMessage": ("uuid", "updates"),
    # A public tunnel, from a browser: refused.
    "ShareUrlRequest": (),
    "ShareUrlDisconnect": (),
    # Light or dark, the panel's width, and whether it is closed: changed by the page, and sent to itself.
    "ThemeConfigurationMessage": ("dark_mode",),
    "GuiSetPanelWidthMessage": ("uuid", "width", "counter", "run_id"),
    "GuiSetPanelCollapsedMessage": ("uuid", "collapsed", "counter", "run_id"),
}

# Attributes, by the way to them from a server, a scene's node, a mesh of many instances, a control, and a client.
ATTRIBUTES: Mapping[str, str] = {
    "server._websock_server.register_handler": "who takes a browser's message",
    "server._websock_server.unregister_handler": "who took it",
    "server._websock_server._broadcast_buffer.max_window_size": "so many messages arrive together",
    "server.gui._gui_input_handle_from_uuid": "the control that a message is about",
    "server.gui._handle_gui_updates": "what viser does with a checked value",
    "node._impl.name": "what messages call a node",
    "node._impl.position": "the pose that later browsers are told",
    "node._impl.wxyz": "the same",
    "node._impl.api._queue_scene_message": "the way of a message about the scene to browsers",
    "node._impl.props": "the properties that its handle tells of",
    "control._impl.uuid": "what messages call a control",
    "button._icon_html": "the picture on it",
    "client._websock_connection.queue_message": "the way of a message to one browser",
    "client.camera._state.position": "where the camera is taken to be",
    "client.camera._state.look_at": "the same",
    "client.camera._state.fov": "the same",
}

# Classes and the arguments to make them with, by where they are looked up: buffers of messages, which are mended.
CLASSES: Mapping[str, tuple[str, ...]] = {
    "viser.infra._infra.AsyncMessageBuffer": ("event_loop", "persistent_messages"),
    "viser.infra._async_message_buffer.AsyncMessageBuffer": ("event_loop", "persistent_messages", "message_event"),
}
