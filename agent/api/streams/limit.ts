/** How many streams may be open at once: each holds connections, buffers and a place in the runtime. */
import { ApiError } from "../status.ts";

export class StreamLimit {
  #open = 0;

  constructor(private most: number) {}

  get open(): number {
    return this.#open;
  }

  /** Takes a place; the returned function gives it back. Throws a 429 when there is none. */
  enter(): () => void {
    if (this.#open >= this.most) {
      throw new ApiError(
        429,
        "TooManyRequests",
        `Too many requests, please try again later: ${this.most} streams are open`,
        { retryAfterSeconds: 1 },
      );
    }
    this.#open++;
    let entered = true;
    return () => {
      if (entered) this.#open--;
      entered = false;
    };
  }
}
