/** Which names in a manifest directory are manifests. */

/** Files that editors and copying tools leave while they work. */
const temporary = [
  /^\./, // hidden, .swp, .#lock, rsync's .name.XXXXXX
  /~$/, // backups of vim, emacs, …
  /^#.*#$/, // emacs' auto-save
  /\.(swp|swx|swo|tmp|temp|bak|old|orig|rej|part|partial|crdownload|filepart|new|save)$/i,
  /^4913$/, // vim tries whether it can create files
  /^sed[A-Za-z0-9]{6}$/, // sed -i
  /\.dpkg-(new|old|dist|tmp)$/,
  /\.rpm(new|save|orig)$/,
  /\.(yaml|yml|json)\.[A-Za-z0-9]{6}$/, // mkstemp beside the file
];

/** Whether a file of this name is read: `.yaml`, `.yml`, `.json` or no extension, and nobody's temporary file. */
export function isManifestName(name: string): boolean {
  if (name === "" || temporary.some((pattern) => pattern.test(name))) return false;
  const dot = name.lastIndexOf(".");
  return dot < 0 || /^\.(yaml|yml|json)$/i.test(name.slice(dot));
}
