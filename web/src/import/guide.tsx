/** Small files of a person's own making, by what they hold. */
export const samples = [
  {
    title: 'Votes between two',
    about: 'winner is a, b, tie or both-bad; empty when the rater skipped it.',
    file: 'rater,a,b,winner\nada,London,Paris,a\nben,Paris,Milano,tie\ncleo,Milano,London,b\n',
  },
  {
    title: 'Rankings',
    about: 'One line per rank, 1 for the best; the lines of a rater and a context are one ranking.',
    file: 'rater,context,item,rank\nada,final,Ukraine,1\nada,final,Sweden,2\nben,final,Sweden,1\nben,final,Ukraine,2\n',
  },
  {
    title: 'Ratings',
    about: 'A score is the overall one; every further column of numbers is an aspect.',
    file: 'rater,item,score,clarity\nada,Summary 1,4,5\nada,Summary 2,2,3\n',
  },
] as const

/** What files look like, for those who make one. */
export function Guide() {
  return (
    <section className="part">
      <h2>What a file looks like</h2>
      <p className="soft about">
        The common public formats are recognised by their columns. A file of your own can be as small as these; columns
        not named here are kept with the signals.
      </p>
      <ul className="samples">
        {samples.map(({ title, about, file }) => (
          <li key={title}>
            <h3>{title}</h3>
            <pre className="scroller">{file}</pre>
            <p className="soft small">{about}</p>
          </li>
        ))}
      </ul>
    </section>
  )
}
