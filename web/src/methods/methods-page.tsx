import { useState } from 'react'
import { listMethods } from '../api/methods.ts'
import { formatCounted } from '../ui/format.ts'
import { useResource } from '../ui/resource.ts'
import { Empty, Failure, Loading } from '../ui/state.tsx'
import { useTitle } from '../ui/title.ts'
import './methods-page.css'

/** The published methods inside, where they live, and how to see each of them work. */
export function MethodsPage() {
  useTitle('Methods')
  const list = useResource('methods', listMethods)
  const [find, setFind] = useState('')
  const wanted = find.toLowerCase()
  const methods = (list.data ?? []).filter((method) =>
    [method.id, method.title, method.arxiv ?? '', method.room, ...method.exports].some((text) =>
      text.toLowerCase().includes(wanted),
    ),
  )
  return (
    <>
      <header className="head">
        <h1>Methods</h1>
        <p className="lead">
          Published methods that Penchant implements. Each comes with an experiment that shows it against its baseline:
          run <code>penchant reproduce</code> with its id.
        </p>
      </header>
      {list.error && <Failure error={list.error} retry={list.reload} />}
      {!list.data && list.loading && <Loading what="methods" rows={12} />}
      {list.data?.length === 0 && (
        <Empty title="The catalogue is empty">
          <p>This server carries no methods.</p>
        </Empty>
      )}
      {list.data && list.data.length > 0 && (
        <>
          <div className="row">
            <input
              type="search"
              aria-label="Find a method"
              placeholder="Find by title, id, arXiv id or export …"
              className="find-method"
              value={find}
              onChange={(event) => setFind(event.target.value)}
            />
            <span className="soft small" role="status">
              {formatCounted(methods.length, 'method')}
            </span>
          </div>
          <table className="methods">
            <caption className="hidden">Methods with paper, room, exports and how to reproduce them</caption>
            <thead>
              <tr>
                <th scope="col" className="number">
                  No.
                </th>
                <th scope="col">Method</th>
                <th scope="col">Paper</th>
                <th scope="col">Import from</th>
              </tr>
            </thead>
            <tbody>
              {methods.map((method) => (
                <tr key={method.id}>
                  <td className="number soft">{method.no}</td>
                  <th scope="row">
                    {method.title}
                    <code className="id">{method.id}</code>
                  </th>
                  <td>
                    {method.arxiv ? (
                      <a href={`https://arxiv.org/abs/${method.arxiv}`} rel="noreferrer">
                        {method.arxiv}
                      </a>
                    ) : (
                      <span className="soft">elsewhere</span>
                    )}
                  </td>
                  <td>
                    <code>penchant/{method.room}</code>
                    {method.exports.length > 0 && (
                      <details>
                        <summary>{formatCounted(method.exports.length, 'export')}</summary>
                        {method.exports.map((name) => (
                          <code key={name}>{name} </code>
                        ))}
                      </details>
                    )}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </>
  )
}
