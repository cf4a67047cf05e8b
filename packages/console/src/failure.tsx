/** Says what did not work, also to those who hear the page; nothing while `text` is null. */
export const Failure = ({ text }: { text: string | null }) =>
  text ? (
    <p class="failure" role="alert">
      {text}
    </p>
  ) : null
