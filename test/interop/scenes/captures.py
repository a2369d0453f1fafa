# SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
"""Captures of the relay, as Wireshark's dissector reads them."""

import shutil
import subprocess

from guests.errors import Unavailable

_CM = "infiniband.mad.mgmtclass == 7"
_NAMES = {"0x0010": "REQ", "0x0011": "MRA", "0x0012": "REJ", "0x0013": "REP", "0x0014": "RTU",
          "0x0015": "DREQ", "0x0016": "DREP", "0x0017": "SIDR_REQ", "0x0018": "SIDR_REP"}
_HEADER = ["infiniband.bth.opcode", "infiniband.bth.p_key", "infiniband.bth.destqp",
           "infiniband.deth.q_key", "infiniband.deth.srcqp", "infiniband.mad.baseversion",
           "infiniband.mad.classversion", "infiniband.mad.method", "infiniband.mad.status",
           "infiniband.mad.classspecific", "infiniband.mad.attributemodifier"]
# All but ids, GUIDs, PSNs and made-up numbers of queue pairs; and but the flow label and the rate,
# which tshark 4.0 reads from the wrong bytes, and the ports that requests come from.
_REQ = ["localqkey", "responderres", "localeecn", "initdepth", "remoteeecn", "remoteresptout",
        "transpsvctype", "e2eflowctrl", "localresptout", "retrcount", "pkey", "pppmtu", "rdcexist",
        "rnrretrcount", "maxcmretr", "srq", "ext_transport", "prim_locallid", "prim_remotelid",
        "prim_localgid", "prim_remotegid", "prim_localgid_ipv4", "prim_remotegid_ipv4",
        "prim_tfcclass", "prim_hoplim", "prim_sl", "prim_subnetlocal", "prim_localacktout",
        "alt_locallid", "alt_remotelid", "alt_localgid", "alt_remotegid", "alt_flowlabel",
        "alt_tfcclass", "alt_hoplim", "alt_sl", "alt_subnetlocal", "alt_localacktout",
        "ip_cm.majv", "ip_cm.minv", "ip_cm.ipv", "ip_cm.sip4", "ip_cm.dip4", "ip_cm.sip6",
        "ip_cm.dip6", "ip_cm.private"]
_REP = ["localqkey", "localeecn", "respres", "initdepth", "tgtackdelay", "failoveracc",
        "e2eflowctrl", "rnrretrcount", "srq", "reserved", "private"]
_REJ = ["msgrej", "rejinfolen", "reason", "ari", "private"]
_FIELDS = (_HEADER + ["infiniband.cm.req." + name for name in _REQ]
           + ["infiniband.cm.rep." + name for name in _REP]
           + ["infiniband.cm.rej." + name for name in _REJ]
           + ["infiniband.cm.rtu.private", "infiniband.cm.dreq.private",
              "infiniband.cm.drsp.private"])
_KEYS = ["frame.interface_name", "infiniband.mad.attributeid", "infiniband.mad.transactionid"]


def find_tshark():
    """The path of tshark."""
    path = shutil.which("tshark")
    if path is None:
        raise Unavailable("there is no tshark here")
    return path


def malformed(path):
    """The summary lines of frames that the dissector cannot make sense of."""
    return _run(path, "-Y", "_ws.malformed")


def messages(path):
    """
    The messages in their order, without those sent again: a list of (sender, attribute, fields),
    the fields by their names.
    """
    names = _KEYS + _FIELDS
    options = [word for name in names for word in ("-e", name)]
    seen = set()
    found = []
    for line in _run(path, "-Y", _CM, "-T", "fields", "-E", "occurrence=f", *options):
        values = dict(zip(names, line.split("\t")))
        sender, attribute, transaction = (values.pop(name) for name in _KEYS)
        if (sender, attribute, transaction) not in seen:
            seen.add((sender, attribute, transaction))
            found.append((sender, _NAMES.get(attribute, attribute),
                          {name: value for name, value in values.items() if value}))
    return found


def _run(path, *options):
    done = subprocess.run([find_tshark(), "-r", str(path), *options], capture_output=True,
                          text=True, check=True, timeout=120)
    return done.stdout.splitlines()
