/** The unit files that `islet install` writes, as text. Pure. */

export interface IsletUnit {
  /** The program. */
  program: string;
  /** Its configuration file. */
  config: string;
  /** Units of the container runtime: islet ends before them when the machine goes down. */
  runtime: readonly string[];
}

export interface ContainerdUnit {
  /** containerd's configuration, which islet writes. */
  config: string;
  log: string;
  /** Variables that islet hands on, which it writes before each start. */
  environment: string;
}

/** Where proxies and the like are set for both units. */
export const environmentFile = "/etc/default/islet";

/** Kernel calls of a clock, of swap, of a reboot: nothing that a node does. */
const noSystemCalls = ["@clock", "@cpu-emulation", "@obsolete", "@raw-io", "@reboot", "@swap"];

const noCapabilities = [
  "CAP_AUDIT_CONTROL",
  "CAP_AUDIT_READ",
  "CAP_AUDIT_WRITE",
  "CAP_BLOCK_SUSPEND",
  "CAP_IPC_LOCK",
  "CAP_LEASE",
  "CAP_LINUX_IMMUTABLE",
  "CAP_MAC_ADMIN",
  "CAP_MAC_OVERRIDE",
  "CAP_SYS_BOOT",
  "CAP_SYS_PACCT",
  "CAP_SYS_RAWIO",
  "CAP_SYS_TIME",
  "CAP_SYS_TTY_CONFIG",
  "CAP_WAKE_ALARM",
];

/** `islet.service`. */
export function isletUnit({ program, config, runtime }: IsletUnit): string {
  return `# Written by islet install; local changes belong into a drop-in (systemctl edit islet).
[Unit]
Description=islet, a Kubernetes node that does not need the mainland
Documentation=https://kubernetes.io/docs/concepts/architecture/nodes/
# No network target: a node starts with nothing but loopback. What is named here ends after the pods have.
After=${["local-fs.target", "dbus.service", "systemd-logind.service", ...runtime].join(" ")}
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=${program} run --config ${config}
EnvironmentFile=-${environmentFile}
Restart=always
RestartSec=1
WatchdogSec=30
TimeoutStartSec=90
TimeoutStopSec=20
OOMScoreAdjust=-999
LimitNOFILE=65536
# In this cgroup are short-lived helpers only; pods and their containerd are in units of their own and run on.
KillMode=mixed

# Hardening, as far as it goes for what mounts volumes and sets up networks for all of the machine. A mount namespace
# (ProtectSystem=, PrivateTmp=, PrivateDevices= and their like) would hide the volumes from the container runtime.
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=~${noSystemCalls.join(" ")}
SystemCallErrorNumber=EPERM
CapabilityBoundingSet=~${noCapabilities.join(" ")}

[Install]
WantedBy=multi-user.target
`;
}

/** `islet-containerd.service`; islet starts it when it has written the configuration, and again if it ends. */
export function containerdUnit({ config, log, environment }: ContainerdUnit): string {
  return `# Written by islet install; local changes belong into a drop-in (systemctl edit islet-containerd).
[Unit]
Description=containerd of islet
Documentation=https://containerd.io
After=local-fs.target dbus.service
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=containerd --config ${config}
EnvironmentFile=-${environment}
Restart=on-failure
RestartSec=1
# Containers are in cgroups of their own, their shims in this one: they stay when containerd ends.
KillMode=process
Delegate=yes
TasksMax=infinity
LimitNOFILE=1048576
LimitCORE=infinity
OOMScoreAdjust=-999
StandardOutput=append:${log}
StandardError=append:${log}
`;
}
