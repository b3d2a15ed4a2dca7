/** Living under systemd: state and watchdog, journal, the machine's shutdown. All of it is silent where there is none. */
export { journalSink, logsToJournal } from "./journal.ts";
export { ServiceState } from "./notify.ts";
