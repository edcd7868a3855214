<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de_DE">
 <context>
  <name>MammoLens</name>
  <message>
   <source>A click shows the finding.</source>
   <translation>Ein Klick zeigt den Befund.</translation>
  </message>
  <message>
   <source>Accept</source>
   <translation>Annehmen</translation>
  </message>
  <message>
   <source>Access token, where the server asks for one. It is not kept.</source>
   <translation>Zugangstoken, falls der Server eines verlangt. Es wird nicht gespeichert.</translation>
  </message>
  <message>
   <source>Address of the MammoLens server.</source>
   <translation>Adresse des MammoLens-Servers.</translation>
  </message>
  <message>
   <source>Address:</source>
   <translation>Adresse:</translation>
  </message>
  <message>
   <source>Adds the heat levels as segments, for editing and for export as DICOM SEG by Slicer.</source>
   <translation>Fügt die Wärmestufen als Segmente hinzu, zum Bearbeiten und zum Export als DICOM SEG durch Slicer.</translation>
  </message>
  <message>
   <source>Adjust finding</source>
   <translation>Befund anpassen</translation>
  </message>
  <message>
   <source>Ask me first:</source>
   <translation>Mich zuerst fragen:</translation>
  </message>
  <message>
   <source>Cancel</source>
   <translation>Abbrechen</translation>
  </message>
  <message>
   <source>Certificates:</source>
   <translation>Zertifikate:</translation>
  </message>
  <message>
   <source>Click around a region in a view; right click or Enter ends it (D).</source>
   <translation>In einer Ansicht um eine Region klicken; Rechtsklick oder Eingabe beendet sie (D).</translation>
  </message>
  <message>
   <source>Comment (optional)</source>
   <translation>Bemerkung (freiwillig)</translation>
  </message>
  <message>
   <source>Confirm normal</source>
   <translation>Normal bestätigen</translation>
  </message>
  <message>
   <source>Connect</source>
   <translation>Verbinden</translation>
  </message>
  <message>
   <source>Connect to the server and read the worklist.</source>
   <translation>Mit dem Server verbinden und die Arbeitsliste lesen.</translation>
  </message>
  <message>
   <source>Decision</source>
   <translation>Entscheidung</translation>
  </message>
  <message>
   <source>Double click opens an exam.</source>
   <translation>Ein Doppelklick öffnet eine Untersuchung.</translation>
  </message>
  <message>
   <source>Draw region</source>
   <translation>Region zeichnen</translation>
  </message>
  <message>
   <source>Epochs:</source>
   <translation>Epochen:</translation>
  </message>
  <message>
   <source>Exam</source>
   <translation>Untersuchung</translation>
  </message>
  <message>
   <source>File with the certificate authority of the server (PEM), where its certificate is not publicly signed.</source>
   <translation>Datei mit der Zertifizierungsstelle des Servers (PEM), falls sein Zertifikat nicht öffentlich signiert ist.</translation>
  </message>
  <message>
   <source>Filter: patient, date, view, status</source>
   <translation>Filter: Patientin, Datum, Ansicht, Status</translation>
  </message>
  <message>
   <source>Findings</source>
   <translation>Befunde</translation>
  </message>
  <message>
   <source>Forgets what the serving model has learned.</source>
   <translation>Vergisst, was das eingesetzte Modell gelernt hat.</translation>
  </message>
  <message>
   <source>From level:</source>
   <translation>Ab Stufe:</translation>
  </message>
  <message>
   <source>Go back</source>
   <translation>Zurückgehen</translation>
  </message>
  <message>
   <source>Go on</source>
   <translation>Fortsetzen</translation>
  </message>
  <message>
   <source>Goes on where it was stopped.</source>
   <translation>Setzt dort fort, wo angehalten wurde.</translation>
  </message>
  <message>
   <source>Goes with the decision.</source>
   <translation>Gehört zur Entscheidung.</translation>
  </message>
  <message>
   <source>Heat</source>
   <translation>Wärme</translation>
  </message>
  <message>
   <source>Heat below this level is not shown.</source>
   <translation>Wärme unter dieser Stufe wird nicht gezeigt.</translation>
  </message>
  <message>
   <source>Hides exams that have a decision.</source>
   <translation>Blendet Untersuchungen mit Entscheidung aus.</translation>
  </message>
  <message>
   <source>How often every image is looked at.</source>
   <translation>Wie oft jedes Bild angesehen wird.</translation>
  </message>
  <message>
   <source>How strongly the heat covers the image.</source>
   <translation>Wie stark die Wärme das Bild bedeckt.</translation>
  </message>
  <message>
   <source>How the new model does beside the old one, on patients from whom neither learned.</source>
   <translation>Das neue Modell neben dem alten, an Patientinnen, von denen keines gelernt hat.</translation>
  </message>
  <message>
   <source>Keep the old one</source>
   <translation>Das alte behalten</translation>
  </message>
  <message>
   <source>Kept in the history, with your name.</source>
   <translation>Bleibt im Verlauf, mit Ihrem Namen.</translation>
  </message>
  <message>
   <source>Keys: N next exam, H heat on or off, C confirm normal, M mark finding, Q poor quality, D draw region, U undo.</source>
   <translation>Tasten: N nächste Untersuchung, H Wärme an oder aus, C normal bestätigen, M Befund markieren, Q schlechte Qualität, D Region zeichnen, U zurücknehmen.</translation>
  </message>
  <message>
   <source>Learning</source>
   <translation>Lernen</translation>
  </message>
  <message>
   <source>Learns from the exams that were confirmed normal. The new model serves only if it is shown to be no worse.</source>
   <translation>Lernt von den als normal bestätigten Untersuchungen. Das neue Modell kommt nur zum Einsatz, wenn es nachweislich nicht schlechter ist.</translation>
  </message>
  <message>
   <source>Learns nothing; sets the serving model's numbers by the exams that were confirmed normal. For a new machine or software version.</source>
   <translation>Lernt nichts; richtet die Zahlen des eingesetzten Modells nach den als normal bestätigten Untersuchungen. Für ein neues Gerät oder eine neue Softwareversion.</translation>
  </message>
  <message>
   <source>Levels as segmentation</source>
   <translation>Stufen als Segmentierung</translation>
  </message>
  <message>
   <source>Makes a region of the selected finding, to be corrected by its points.</source>
   <translation>Macht aus dem gewählten Befund eine Region, die an ihren Punkten verbessert werden kann.</translation>
  </message>
  <message>
   <source>Mark finding</source>
   <translation>Befund markieren</translation>
  </message>
  <message>
   <source>Models</source>
   <translation>Modelle</translation>
  </message>
  <message>
   <source>Most anomalous first. Double click opens an exam.</source>
   <translation>Die auffälligsten zuerst. Ein Doppelklick öffnet eine Untersuchung.</translation>
  </message>
  <message>
   <source>Next exam</source>
   <translation>Nächste Untersuchung</translation>
  </message>
  <message>
   <source>Opacity:</source>
   <translation>Deckkraft:</translation>
  </message>
  <message>
   <source>Open exam</source>
   <translation>Untersuchung öffnen</translation>
  </message>
  <message>
   <source>Opens the most anomalous exam that nobody reviewed (N).</source>
   <translation>Öffnet die auffälligste Untersuchung, die noch niemand befundet hat (N).</translation>
  </message>
  <message>
   <source>Part of MammoLens, under the Apache License 2.0.</source>
   <translation>Teil von MammoLens, unter der Apache License 2.0.</translation>
  </message>
  <message>
   <source>Poor quality</source>
   <translation>Schlechte Qualität</translation>
  </message>
  <message>
   <source>Read the worklist again.</source>
   <translation>Liest die Arbeitsliste neu.</translation>
  </message>
  <message>
   <source>Reads mammograms with the heat of a model that learned what normal ones look like: connect to a MammoLens server, open an exam of the worklist, confirm it as normal or mark a finding. &lt;b&gt;Research use only, not a medical device.&lt;/b&gt;</source>
   <translation>Befundet Mammografien mit der Wärme eines Modells, das gelernt hat, wie normale aussehen: mit einem MammoLens-Server verbinden, eine Untersuchung der Arbeitsliste öffnen, als normal bestätigen oder einen Befund markieren. &lt;b&gt;Nur für die Forschung, kein Medizinprodukt.&lt;/b&gt;</translation>
  </message>
  <message>
   <source>Reason</source>
   <translation>Grund</translation>
  </message>
  <message>
   <source>Recalibrate</source>
   <translation>Neu kalibrieren</translation>
  </message>
  <message>
   <source>Reload</source>
   <translation>Neu laden</translation>
  </message>
  <message>
   <source>Remove region</source>
   <translation>Region entfernen</translation>
  </message>
  <message>
   <source>Removes the region that was made last.</source>
   <translation>Entfernt die zuletzt gemachte Region.</translation>
  </message>
  <message>
   <source>Research use only, not a medical device</source>
   <translation>Nur für die Forschung, kein Medizinprodukt</translation>
  </message>
  <message>
   <source>Second look</source>
   <translation>Zweiter Blick</translation>
  </message>
  <message>
   <source>Server</source>
   <translation>Server</translation>
  </message>
  <message>
   <source>Show heat:</source>
   <translation>Wärme zeigen:</translation>
  </message>
  <message>
   <source>Show the images of the selected exam with their heat.</source>
   <translation>Zeigt die Bilder der gewählten Untersuchung mit ihrer Wärme.</translation>
  </message>
  <message>
   <source>Shows or hides the heat (H).</source>
   <translation>Zeigt oder verbirgt die Wärme (H).</translation>
  </message>
  <message>
   <source>Shows the exams that hold all of these words.</source>
   <translation>Zeigt die Untersuchungen, die alle diese Wörter enthalten.</translation>
  </message>
  <message>
   <source>Start anew:</source>
   <translation>Von vorn:</translation>
  </message>
  <message>
   <source>Stop</source>
   <translation>Anhalten</translation>
  </message>
  <message>
   <source>Stops it; the serving model stays.</source>
   <translation>Hält es an; das eingesetzte Modell bleibt.</translation>
  </message>
  <message>
   <source>Stops what is being done; nothing changes.</source>
   <translation>Hält an, was gerade geschieht; nichts ändert sich.</translation>
  </message>
  <message>
   <source>Takes the last decision back (U).</source>
   <translation>Nimmt die letzte Entscheidung zurück (U).</translation>
  </message>
  <message>
   <source>The chosen model does not serve; it is kept.</source>
   <translation>Das gewählte Modell kommt nicht zum Einsatz; es bleibt erhalten.</translation>
  </message>
  <message>
   <source>The chosen model serves from now on.</source>
   <translation>Das gewählte Modell ist von nun an im Einsatz.</translation>
  </message>
  <message>
   <source>The model that served before serves again. Needs a reason.</source>
   <translation>Das vorige Modell kommt wieder zum Einsatz. Braucht einen Grund.</translation>
  </message>
  <message>
   <source>The new model waits for somebody to accept it, even if it is not worse.</source>
   <translation>Das neue Modell wartet, bis jemand es annimmt, auch wenn es nicht schlechter ist.</translation>
  </message>
  <message>
   <source>The newest first. Choose one to see how it was judged.</source>
   <translation>Die neuesten zuerst. Wählen Sie eines, um zu sehen, wie es beurteilt wurde.</translation>
  </message>
  <message>
   <source>This exam cannot be read well enough (Q).</source>
   <translation>Diese Untersuchung ist nicht gut genug zu befunden (Q).</translation>
  </message>
  <message>
   <source>This exam has a finding; the regions go with it (M).</source>
   <translation>Diese Untersuchung hat einen Befund; die Regionen gehören dazu (M).</translation>
  </message>
  <message>
   <source>This exam is normal (C).</source>
   <translation>Diese Untersuchung ist normal (C).</translation>
  </message>
  <message>
   <source>Token:</source>
   <translation>Token:</translation>
  </message>
  <message>
   <source>Train</source>
   <translation>Trainieren</translation>
  </message>
  <message>
   <source>Undo</source>
   <translation>Zurücknehmen</translation>
  </message>
  <message>
   <source>Unreviewed only</source>
   <translation>Nur unbefundete</translation>
  </message>
  <message>
   <source>Views</source>
   <translation>Ansichten</translation>
  </message>
  <message>
   <source>Worklist</source>
   <translation>Arbeitsliste</translation>
  </message>
  <message>
   <source>as the serving model</source>
   <translation>wie das eingesetzte Modell</translation>
  </message>
 </context>
 <context>
  <name>panel.decision_part</name>
  <message>
   <source>Regions that go with a finding: {number}</source>
   <translation>Regionen, die zu einem Befund gehören: {number}</translation>
  </message>
 </context>
 <context>
  <name>panel.findings_part</name>
  <message>
   <source>Area</source>
   <translation>Fläche</translation>
  </message>
  <message>
   <source>Finding</source>
   <translation>Befund</translation>
  </message>
  <message>
   <source>No region stands out.</source>
   <translation>Keine Region fällt auf.</translation>
  </message>
  <message>
   <source>Not judged.</source>
   <translation>Nicht beurteilt.</translation>
  </message>
  <message>
   <source>View</source>
   <translation>Ansicht</translation>
  </message>
  <message>
   <source>and {number} with lower peaks</source>
   <translation>und {number} mit niedrigeren Spitzen</translation>
  </message>
 </context>
 <context>
  <name>panel.heat_part</name>
  <message>
   <source>{level} and higher</source>
   <translation>{level} und höher</translation>
  </message>
 </context>
 <context>
  <name>panel.learning_words</name>
  <message>
   <source>A recalibration runs.</source>
   <translation>Eine Neukalibrierung läuft.</translation>
  </message>
  <message>
   <source>A recalibration waits for its turn.</source>
   <translation>Eine Neukalibrierung wartet, bis sie an der Reihe ist.</translation>
  </message>
  <message>
   <source>A training runs.</source>
   <translation>Ein Training läuft.</translation>
  </message>
  <message>
   <source>A training waits for its turn.</source>
   <translation>Ein Training wartet, bis es an der Reihe ist.</translation>
  </message>
  <message>
   <source>Done: the new model serves.</source>
   <translation>Fertig: Das neue Modell ist im Einsatz.</translation>
  </message>
  <message>
   <source>Done: the new model waits for you.</source>
   <translation>Fertig: Das neue Modell wartet auf Sie.</translation>
  </message>
  <message>
   <source>Done: the old model goes on serving.</source>
   <translation>Fertig: Das alte Modell bleibt im Einsatz.</translation>
  </message>
  <message>
   <source>It failed; the model before it goes on serving.</source>
   <translation>Fehlgeschlagen; das bisherige Modell bleibt im Einsatz.</translation>
  </message>
  <message>
   <source>Let serve all the same by {name}.</source>
   <translation>Trotzdem eingesetzt von {name}.</translation>
  </message>
  <message>
   <source>Loss on findings you marked</source>
   <translation>Verlust bei markierten Befunden</translation>
  </message>
  <message>
   <source>Loss on planted lesions</source>
   <translation>Verlust bei eingesetzten Läsionen</translation>
  </message>
  <message>
   <source>No model serves yet.</source>
   <translation>Noch ist kein Modell im Einsatz.</translation>
  </message>
  <message>
   <source>Normal patients flagged</source>
   <translation>Auffällige normale Patientinnen</translation>
  </message>
  <message>
   <source>Nothing was learned yet. The model learns from the exams that were confirmed normal.</source>
   <translation>Noch wurde nichts gelernt. Das Modell lernt von den als normal bestätigten Untersuchungen.</translation>
  </message>
  <message>
   <source>Patients it was tried on</source>
   <translation>Geprüft an Patientinnen</translation>
  </message>
  <message>
   <source>Same network as before</source>
   <translation>Dasselbe Netz wie vorher</translation>
  </message>
  <message>
   <source>Sees planted lesions</source>
   <translation>Sieht eingesetzte Läsionen</translation>
  </message>
  <message>
   <source>Sentinel exams decided wrongly</source>
   <translation>Falsch entschiedene Wächteruntersuchungen</translation>
  </message>
  <message>
   <source>Serves now: {model}</source>
   <translation>Im Einsatz: {model}</translation>
  </message>
  <message>
   <source>Stopped; the model before it goes on serving.</source>
   <translation>Angehalten; das bisherige Modell bleibt im Einsatz.</translation>
  </message>
  <message>
   <source>Waiting behind it: {number}.</source>
   <translation>Dahinter warten: {number}.</translation>
  </message>
  <message>
   <source>Was not set against another model.</source>
   <translation>Wurde keinem anderen Modell gegenübergestellt.</translation>
  </message>
  <message>
   <source>good</source>
   <translation>gut</translation>
  </message>
  <message>
   <source>learned from {number} patients</source>
   <translation>gelernt von {number} Patientinnen</translation>
  </message>
  <message>
   <source>not enough</source>
   <translation>reicht nicht</translation>
  </message>
  <message>
   <source>p-values hold</source>
   <translation>p-Werte stimmen</translation>
  </message>
  <message>
   <source>refused</source>
   <translation>abgelehnt</translation>
  </message>
  <message>
   <source>served before</source>
   <translation>früher im Einsatz</translation>
  </message>
  <message>
   <source>serves</source>
   <translation>im Einsatz</translation>
  </message>
  <message>
   <source>shipped</source>
   <translation>mitgeliefert</translation>
  </message>
  <message>
   <source>since {time}</source>
   <translation>seit {time}</translation>
  </message>
  <message>
   <source>waits for you</source>
   <translation>wartet auf Sie</translation>
  </message>
  <message>
   <source>{low:.2f} to {high:.2f}</source>
   <translation>{low:.2f} bis {high:.2f}</translation>
  </message>
 </context>
 <context>
  <name>panel.models_part</name>
  <message>
   <source>Accept</source>
   <translation>Annehmen</translation>
  </message>
  <message>
   <source>Calibrated on {number} patients</source>
   <translation>Kalibriert an {number} Patientinnen</translation>
  </message>
  <message>
   <source>Learned from {number} patients</source>
   <translation>Gelernt von {number} Patientinnen</translation>
  </message>
  <message>
   <source>Let it serve anyway</source>
   <translation>Trotzdem einsetzen</translation>
  </message>
  <message>
   <source>Model</source>
   <translation>Modell</translation>
  </message>
  <message>
   <source>New</source>
   <translation>Neu</translation>
  </message>
  <message>
   <source>Old</source>
   <translation>Alt</translation>
  </message>
  <message>
   <source>Reason (needed to go back)</source>
   <translation>Grund (nötig zum Zurückgehen)</translation>
  </message>
  <message>
   <source>Reason (needed to overrule the verdict)</source>
   <translation>Grund (nötig gegen die Beurteilung)</translation>
  </message>
  <message>
   <source>Since</source>
   <translation>Seit</translation>
  </message>
  <message>
   <source>State</source>
   <translation>Stand</translation>
  </message>
  <message>
   <source>{number} epochs</source>
   <translation>{number} Epochen</translation>
  </message>
 </context>
 <context>
  <name>panel.second_look_part</name>
  <message>
   <source>Accepted as normal, but unlike normal exams: not learned from until they are confirmed once more.</source>
   <translation>Als normal angenommen, aber anders als normale Untersuchungen: Gelernt wird von ihnen erst, wenn sie noch einmal bestätigt sind.</translation>
  </message>
  <message>
   <source>No exam needs a second look.</source>
   <translation>Keine Untersuchung braucht einen zweiten Blick.</translation>
  </message>
  <message>
   <source>Patient</source>
   <translation>Patientin</translation>
  </message>
  <message>
   <source>Views</source>
   <translation>Ansichten</translation>
  </message>
  <message>
   <source>p-value</source>
   <translation>p-Wert</translation>
  </message>
 </context>
 <context>
  <name>panel.server_part</name>
  <message>
   <source>Connected to {url}, MammoLens {version}, model {model}.</source>
   <translation>Verbunden mit {url}, MammoLens {version}, Modell {model}.</translation>
  </message>
  <message>
   <source>no model serves yet</source>
   <translation>noch keines im Einsatz</translation>
  </message>
 </context>
 <context>
  <name>panel.words</name>
  <message>
   <source>1 region</source>
   <translation>1 Region</translation>
  </message>
  <message>
   <source>Asking what is learned</source>
   <translation>Fragt, was gelernt wird</translation>
  </message>
  <message>
   <source>Breast</source>
   <translation>Brust</translation>
  </message>
  <message>
   <source>Connecting</source>
   <translation>Verbindet</translation>
  </message>
  <message>
   <source>Finding</source>
   <translation>Befund</translation>
  </message>
  <message>
   <source>Flagged.</source>
   <translation>Auffällig.</translation>
  </message>
  <message>
   <source>Left breast</source>
   <translation>Linke Brust</translation>
  </message>
  <message>
   <source>Loading the heat levels</source>
   <translation>Lädt die Wärmestufen</translation>
  </message>
  <message>
   <source>No exam is open. Choose one in the worklist.</source>
   <translation>Keine Untersuchung ist geöffnet. Wählen Sie eine in der Arbeitsliste.</translation>
  </message>
  <message>
   <source>Normal</source>
   <translation>Normal</translation>
  </message>
  <message>
   <source>Not flagged.</source>
   <translation>Nicht auffällig.</translation>
  </message>
  <message>
   <source>Not reviewed.</source>
   <translation>Nicht befundet.</translation>
  </message>
  <message>
   <source>Opening the exam</source>
   <translation>Öffnet die Untersuchung</translation>
  </message>
  <message>
   <source>Poor quality</source>
   <translation>Schlechte Qualität</translation>
  </message>
  <message>
   <source>Reading the worklist</source>
   <translation>Liest die Arbeitsliste</translation>
  </message>
  <message>
   <source>Right breast</source>
   <translation>Rechte Brust</translation>
  </message>
  <message>
   <source>Saving the decision</source>
   <translation>Speichert die Entscheidung</translation>
  </message>
  <message>
   <source>Taking the decision back</source>
   <translation>Nimmt die Entscheidung zurück</translation>
  </message>
  <message>
   <source>by {reviewer}</source>
   <translation>von {reviewer}</translation>
  </message>
  <message>
   <source>{number} regions</source>
   <translation>{number} Regionen</translation>
  </message>
 </context>
 <context>
  <name>panel.worklist_part</name>
  <message>
   <source>Date</source>
   <translation>Datum</translation>
  </message>
  <message>
   <source>Patient</source>
   <translation>Patientin</translation>
  </message>
  <message>
   <source>Recent exams are unlike those that the model knows.</source>
   <translation>Die letzten Untersuchungen gleichen nicht denen, die das Modell kennt.</translation>
  </message>
  <message>
   <source>Share of normal exams that are at least as anomalous. Bold: flagged.</source>
   <translation>Anteil der normalen Untersuchungen, die mindestens so auffällig sind. Fett: auffällig.</translation>
  </message>
  <message>
   <source>Status</source>
   <translation>Status</translation>
  </message>
  <message>
   <source>Views</source>
   <translation>Ansichten</translation>
  </message>
  <message>
   <source>all four</source>
   <translation>alle vier</translation>
  </message>
  <message>
   <source>p-value</source>
   <translation>p-Wert</translation>
  </message>
  <message>
   <source>{fitting} of {total} exams</source>
   <translation>{fitting} von {total} Untersuchungen</translation>
  </message>
  <message>
   <source>{told}, the first {most} shown</source>
   <translation>{told}, die ersten {most} gezeigt</translation>
  </message>
 </context>
</TS>
