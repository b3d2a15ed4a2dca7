/** Values as YAML. Whoever writes YAML but now and then loads this then, and the `yaml` package with it. */
export { stringify } from "yaml";
